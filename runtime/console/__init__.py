"""What all commands and the recorder share on a terminal: the application, options, messages, rows, a run's output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.console.app import App, Lazy
    from runtime.console.console import Console, visible
    from runtime.console.destination import STDOUT, file_options
    from runtime.console.importing import asked_about, reading, reading_options, show_report
    from runtime.console.kept import (
        cancel_run,
        go_on_with,
        inspect_run,
        list_runs,
        pull_script,
        push_script,
        run_kept,
        show_logs,
    )
    from runtime.console.options import (
        LIST_FORMATS,
        PATH,
        complete_script,
        database_options,
        dialect_option,
        home_option,
        key_values,
        load_config,
        output_options,
        text_or_stdin,
        translation_options,
        utc_time,
        utf8,
    )
    from runtime.console.progress import progress_bar
    from runtime.console.questions import asked_at, at_terminal, show_warnings, written_out
    from runtime.console.rows import print_rows
    from runtime.console.runner import durability_option, execute, run_options
    from runtime.console.stores import add_database, remove_store, rename_store
    from runtime.console.workers import work

__all__ = (
    "LIST_FORMATS",
    "PATH",
    "STDOUT",
    "App",
    "Console",
    "Lazy",
    "add_database",
    "asked_about",
    "asked_at",
    "at_terminal",
    "cancel_run",
    "complete_script",
    "database_options",
    "dialect_option",
    "durability_option",
    "execute",
    "file_options",
    "go_on_with",
    "home_option",
    "inspect_run",
    "key_values",
    "list_runs",
    "load_config",
    "output_options",
    "print_rows",
    "progress_bar",
    "pull_script",
    "push_script",
    "reading",
    "reading_options",
    "remove_store",
    "rename_store",
    "run_kept",
    "run_options",
    "show_logs",
    "show_report",
    "show_warnings",
    "text_or_stdin",
    "translation_options",
    "utc_time",
    "utf8",
    "visible",
    "work",
    "written_out",
)
__getattr__ = lazy(
    __name__,
    LIST_FORMATS="runtime.console.options",
    PATH="runtime.console.options",
    STDOUT="runtime.console.destination",
    App="runtime.console.app",
    Console="runtime.console.console",
    Lazy="runtime.console.app",
    add_database="runtime.console.stores",
    asked_about="runtime.console.importing",
    asked_at="runtime.console.questions",
    at_terminal="runtime.console.questions",
    cancel_run="runtime.console.kept",
    complete_script="runtime.console.options",
    database_options="runtime.console.options",
    dialect_option="runtime.console.options",
    durability_option="runtime.console.runner",
    execute="runtime.console.runner",
    file_options="runtime.console.destination",
    go_on_with="runtime.console.kept",
    home_option="runtime.console.options",
    inspect_run="runtime.console.kept",
    key_values="runtime.console.options",
    list_runs="runtime.console.kept",
    load_config="runtime.console.options",
    output_options="runtime.console.options",
    print_rows="runtime.console.rows",
    progress_bar="runtime.console.progress",
    pull_script="runtime.console.kept",
    push_script="runtime.console.kept",
    remove_store="runtime.console.stores",
    rename_store="runtime.console.stores",
    run_kept="runtime.console.kept",
    run_options="runtime.console.runner",
    show_logs="runtime.console.kept",
    reading="runtime.console.importing",
    reading_options="runtime.console.importing",
    show_report="runtime.console.importing",
    show_warnings="runtime.console.questions",
    text_or_stdin="runtime.console.options",
    translation_options="runtime.console.options",
    utc_time="runtime.console.options",
    utf8="runtime.console.options",
    visible="runtime.console.console",
    work="runtime.console.workers",
    written_out="runtime.console.questions",
)
