"""Where the library is and what database names mean: flags, environment, sop.toml, defaults, and wrong settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runtime.config import Config, find_home
from runtime.errors import UsageError


def settings(folder: Path, text: str) -> Path:
    path = folder / "sop.toml"
    path.write_text(text, encoding="utf-8")
    return path


def error_of(folder: Path, text: str) -> UsageError:
    settings(folder, text)
    with pytest.raises(UsageError) as error:
        Config.load(cwd=folder)
    return error.value


def test_home_is_the_nearest_sop_folder_upwards(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / ".sop").mkdir()
    assert find_home(None, inner) == tmp_path / ".sop"
    (tmp_path / "a" / ".sop").mkdir()
    assert find_home(None, inner) == tmp_path / "a" / ".sop"


def test_home_is_here_when_there_is_none_and_is_not_made(tmp_path: Path) -> None:
    assert find_home(None, tmp_path) == tmp_path / ".sop"
    assert not (tmp_path / ".sop").exists()


def test_a_home_of_nobody_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing says where ~nobody_here is") as error:
        find_home("~nobody_here", tmp_path)
    assert error.value.code == "C0206"


def test_a_folder_that_may_not_be_entered_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(UsageError, match=r"main\.db can't be looked at: permission denied") as error:
        Config.load(cwd=tmp_path)
    assert error.value.code == "C0206"


def test_a_given_home_goes_first_and_is_relative_to_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / ".sop").mkdir()
    assert find_home("lib", tmp_path) == tmp_path / "lib"
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as error:
        find_home("file", tmp_path)
    assert error.value.code == "C0206"


def test_databases_come_from_the_flag_then_the_file_then_the_default(tmp_path: Path) -> None:
    settings(tmp_path, '[databases]\nhr = "sqlite:///hr.db"\n')
    inner = tmp_path / "inner"
    inner.mkdir()
    config = Config.load(cwd=inner)
    assert config.database("hr").url == "sqlite:///hr.db"
    assert config.database("hr").base == tmp_path
    assert config.database("main").url == f"sqlite:///{inner / '.sop' / 'main.db'}"
    assert config.database_names() == ["hr", "main"]
    config = Config.load(databases=["hr=sqlite:///other.db"], cwd=inner)
    assert config.database("hr").url == "sqlite:///other.db"


def test_main_can_be_declared(tmp_path: Path) -> None:
    settings(tmp_path, '[databases.main]\nurl = "sqlite:///shop.db"\nsamples = true\n')
    setting = Config.load(cwd=tmp_path).database("main")
    assert (setting.url, setting.samples) == ("sqlite:///shop.db", True)


def test_the_file_beside_a_home_elsewhere_is_read(tmp_path: Path) -> None:
    project, here = tmp_path / "project", tmp_path / "here"
    project.mkdir()
    here.mkdir()
    settings(project, '[databases]\nhr = "sqlite:///hr.db"\n')
    assert Config.load(str(project / ".sop"), cwd=here).database("hr").base == project


def test_environment_variables_are_filled_in_only_when_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(tmp_path, '[databases]\nhr = "postgresql://app:${SOP_TEST_SECRET}@db/hr"\n')
    monkeypatch.delenv("SOP_TEST_SECRET", raising=False)
    config = Config.load(cwd=tmp_path)
    assert config.database("main").name == "main"
    with pytest.raises(UsageError) as error:
        config.database("hr")
    assert error.value.code == "C0203"
    assert "SOP_TEST_SECRET" in error.value.message
    monkeypatch.setenv("SOP_TEST_SECRET", "s3cret")
    assert config.database("hr").url == "postgresql://app:s3cret@db/hr"


def test_files_are_filled_in_without_the_end_of_their_last_line(tmp_path: Path) -> None:
    written = "postgresql://app:${file:secrets/hr}@db/hr"
    settings(tmp_path, f'[databases]\nhr = "{written}"\n[translator]\napi_key = "${{file:{tmp_path}/key}}"\n')
    secret = tmp_path / "secrets" / "hr"
    secret.parent.mkdir()
    secret.write_bytes(b"s3cret\r\n")
    (tmp_path / "key").write_text("two\nlines\n\n", encoding="utf-8")
    config = Config.load(cwd=tmp_path)
    assert config.database("hr").url == "postgresql://app:s3cret@db/hr"
    assert config.setting("api_key") == "two\nlines\n"
    secret.write_bytes(b"rotated")
    assert config.database("hr").url == "postgresql://app:rotated@db/hr"


@pytest.mark.parametrize("content", [None, b"\xff", b"x" * 65_537])
def test_files_that_can_t_be_filled_in(tmp_path: Path, content: bytes | None) -> None:
    settings(tmp_path, '[databases]\nhr = "postgresql://app:${file:secret}@db/hr"\n')
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    with pytest.raises(UsageError) as error:
        Config.load(cwd=tmp_path).database("hr")
    assert error.value.code == "C0209"
    assert "needs the file secret, which can't be read" in error.value.message


def test_an_unknown_database_says_which_one_is_near(tmp_path: Path) -> None:
    settings(tmp_path, '[databases]\ninventory = "sqlite:///i.db"\n')
    with pytest.raises(UsageError) as error:
        Config.load(cwd=tmp_path).database("inventry")
    assert (error.value.code, error.value.hint) == ("C0204", "inventory")


@pytest.mark.parametrize("flag", ["", "hr", "=x", "hr="])
def test_a_flag_that_says_no_database(tmp_path: Path, flag: str) -> None:
    with pytest.raises(UsageError) as error:
        Config.load(databases=[flag], cwd=tmp_path)
    assert error.value.code == "C0205"


def test_translator_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(tmp_path, '[translator]\nuse = "model"\nmodel = "${SOP_TEST_MODEL}"\n')
    monkeypatch.setenv("SOP_TEST_MODEL", "small")
    config = Config.load(cwd=tmp_path)
    assert (config.setting("use"), config.setting("model"), config.setting("base_url")) == ("model", "small", None)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("[databases\n", "C0201", "sop.toml:1:"),
        ("\n[databases]\nhr = sqlite\n", "C0201", "sop.toml:3:"),
        ("\n[database]\n", "C0202", "sop.toml:2: no setting is named database"),
        ("[databases]\n\nhr = 1\n", "C0202", "sop.toml:3: hr is neither"),
        ('[databases.hr]\nuri = "x"\n', "C0202", "sop.toml:2: hr has no setting uri"),
        ("[databases.hr]\nsamples = true\n", "C0202", "sop.toml:1: the database hr has no url"),
        ('[databases.hr]\nurl = "x"\nsamples = "yes"\n', "C0202", "sop.toml:3: samples of hr"),
        ("stores = 1\n", "C0202", "sop.toml:1: stores is not a table"),
        ("[stores]\na = 1\n", "C0202", "sop.toml:2: a is no table"),
        ("[stores.a]\nkey = 1\n", "C0202", "sop.toml:2: key of a is not a list of texts"),
        ("databases = 1\n", "C0202", "sop.toml:1: databases is not a table"),
        ('[translator]\nuse = "model"\nbase = 1\n', "C0202", "sop.toml:3: translator has no setting base"),
    ],
)
def test_a_wrong_file_is_an_error_with_its_line(tmp_path: Path, text: str, code: str, place: str) -> None:
    error = error_of(tmp_path, text)
    assert error.code == code
    assert place in error.message


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "sop.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError) as error:
        Config.load(cwd=tmp_path)
    assert error.value.code == "C0201"


def test_the_time_to_drain(tmp_path: Path) -> None:
    file = tmp_path / "sop.toml"
    for text in ("0s", "2m"):
        file.write_text(f'[runs]\ndrain = "{text}"\n')
        assert Config.load(cwd=tmp_path).drain == text
    for text in ("30", "-1s", "soon"):
        file.write_text(f'[runs]\ndrain = "{text}"\n')
        with pytest.raises(UsageError, match="drain of runs is not a span of time") as raised:
            Config.load(cwd=tmp_path)
        assert raised.value.code == "C0202"


def test_the_durability_of_runs(tmp_path: Path) -> None:
    file = tmp_path / "sop.toml"
    for text, relaxed in (("full", False), ("relaxed", True)):
        file.write_text(f'[runs]\ndurability = "{text}"\n')
        assert Config.load(cwd=tmp_path).relaxed == relaxed
    file.write_text('[runs]\ndurability = "fast"\n')
    with pytest.raises(UsageError, match="neither full nor relaxed"):
        Config.load(cwd=tmp_path)


def test_the_readme_says_of_stores_what_is_read(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (said,) = [text for text in re.findall(r"^```toml\n(.*?)^```$", readme, re.M | re.S) if "[stores." in text]
    (tmp_path / "sop.toml").write_text(said, encoding="utf-8")
    assert Config.load(cwd=tmp_path).stores == {
        "orders": {"key": ["order_no"], "references": ["cust_no=customers.cust_no"]}
    }
