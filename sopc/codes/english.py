"""T: English texts, their translation by patterns, and models."""

from __future__ import annotations

from sopc.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "T0101",
        "empty text",
        "A workflow needs at least one sentence below its title.",
        "# Stock check\n",
        "Stock check\n\nShow the boxes whose size is below 10.\n",
    ),
    Code(
        "T0102",
        "text too long",
        "A workflow may have a million characters. What is longer is most likely data, or several workflows in one.",
        "one file with every workflow of the house",
        "one file each; a workflow may call others",
    ),
    Code(
        "T0103",
        "no name for the script",
        "The script is named after the title line, else after the file. It holds no letter to make a name of, is too "
        "long for the name of a file, or is the name of a function, such as Count.",
        "2024 / 07\n\nShow the boxes.\n",
        "Boxes of July 2024\n\nShow the boxes.\n",
    ),
    Code(
        "T0110",
        "text and program both changed",
        "The .sop file is the lock of a translation: while the text stays the same, the .sop file is used, edits and "
        "all; when only the text changed, it is translated again. Here both changed since, so one would be lost.",
        "sopc compile boxes.txt",
        "sopc compile boxes.txt --take text\nsopc compile boxes.txt --take sop",
    ),
    Code(
        "T0111",
        "two texts with one title",
        "A script is named after its text's title, and its .sop file after the script. The .sop file says which text "
        "it was made of; another text with the same title would replace it.",
        "boxes.txt and old_boxes.txt, both with the title Boxes",
        "old_boxes.txt with the title Old boxes",
    ),
    Code(
        "T0112",
        "translation needed",
        "With --locked nothing is translated, so that a build gives what was reviewed: each text needs its .sop file "
        "beside it, made of the text as it is now. The exit code is 4.",
        "sopc compile --locked boxes.txt   (edited since boxes.sop was made)",
        "sopc compile boxes.txt\ngit add boxes.txt boxes.sop",
    ),
    Code(
        "T0120",
        "demo files exist already",
        "The demo never replaces a file, and is made whole or not at all.",
        "sopc init --demo",
        "sopc init --demo fresh",
    ),
    Code(
        "T0201",
        "words not understood",
        "Without a model, every word of a sentence has to be a name in the database, a value it holds, a variable of "
        "the workflow, or a word of the sentence patterns. Nothing is skipped, as the word might matter. Quotes make "
        "any words a value.",
        "Show the boxes that matter most.",
        "Show the boxes whose size is above 10, largest first.",
    ),
    Code(
        "T0202",
        "sentence not understood",
        "The words are known, but no sentence pattern holds them in this order, or they do not fit together: a text "
        "compared with a number, a field that the store does not have, something found before that has changed since.",
        "Show above 10 whose boxes size.",
        "Show the boxes whose size is above 10.",
    ),
    Code(
        "T0203",
        "two readings",
        "The sentence can mean more than one thing, and a translation never guesses. The readings are listed in the "
        "language; saying the field, the store or “all” settles most.",
        "Show the boxes, largest first.   (boxes have a width and a height)",
        "Show the boxes, largest width first.",
    ),
    Code(
        "T0204",
        "parameter not clear",
        "A parameter is declared once: in a sentence of its own, in brackets after its name, or with the word given. "
        "After that its name speaks of it.",
        "Show the boxes above a size (default 10) and below a size (default 20).",
        "Show the boxes above a size (called lowest, default 10) and below a size (called highest, default 20).",
    ),
    Code(
        "T0210",
        "question to the author",
        "The text leaves something open that only its author can say, so nothing was stored. The question is a line of "
        "JSON on stdout, of the type ask; --answer gives the answer, by the number of the sentence (0 for a question "
        "about the whole text) and the number of a choice or its words. Answers are kept in the .sop file.",
        "sopc compile boxes.txt",
        "sopc compile boxes.txt --answer 2=1",
    ),
    Code(
        "T0211",
        "answer to a question that was not asked",
        "--answer is for a question about a sentence that has several meanings. This one has one, or the text was not "
        "translated, since its program is there already.",
        "sopc compile boxes.txt --answer 7=1",
        "sopc compile boxes.txt\nsopc compile boxes.txt --take text --answer 2=1   (to answer anew)",
    ),
    Code(
        "T0301",
        "no model configured",
        "Translation by a model was asked for, and neither a key nor a server is configured.",
        "sopc compile boxes.txt --translator model",
        "export OPENAI_API_KEY=…\nsopc compile boxes.txt --translator model",
    ),
    Code(
        "T0302",
        "unknown translator",
        "A translator is `model` (through OpenAI's API) or `patterns` (sentence patterns, no model).",
        "sopc compile boxes.txt --translator magic",
        "sopc compile boxes.txt --translator patterns",
    ),
    Code(
        "T0303",
        "no model named",
        "A server of one's own (OPENAI_BASE_URL) serves models by name, and none was named.",
        "OPENAI_BASE_URL=http://127.0.0.1:8080/v1 sopc compile boxes.txt",
        "OPENAI_BASE_URL=http://127.0.0.1:8080/v1 sopc compile boxes.txt --model NAME",
    ),
    Code(
        "T0304",
        "model server not reached",
        "There was no connection to the server that OPENAI_BASE_URL names, or to OpenAI's.",
        "OPENAI_BASE_URL=http://127.0.0.1:1/v1",
        "OPENAI_BASE_URL=http://127.0.0.1:8080/v1",
    ),
    Code(
        "T0305",
        "key refused",
        "The server does not accept the key, or not for this model; or what is set can't be a key.",
        "OPENAI_API_KEY=expired",
        "OPENAI_API_KEY=…",
    ),
    Code(
        "T0306",
        "rate limit",
        "The server takes no more requests for now, and says to wait longer than `wait` in sop.toml allows (60 s), "
        "does not say how long, or says so again after ten waits. Nothing was stored; compiling again later goes on "
        "from here.",
        "sopc compile *.txt",
        "sopc compile boxes.txt --translator patterns",
    ),
    Code(
        "T0307",
        "model server failed",
        "The server answered with a failure of its own, or with something that is no reply.",
        "status 500",
        "sopc compile boxes.txt --translator patterns",
    ),
    Code(
        "T0308",
        "model too slow",
        "There was no reply in time. Nothing was stored.",
        "a large model on a small machine",
        "a smaller model, or --translator patterns",
    ),
    Code(
        "T0309",
        "reply cut off",
        "The reply reached its greatest length before the script ended, so it can't be used.",
        "one workflow of two hundred sentences",
        "several workflows that call each other",
    ),
    Code(
        "T0310",
        "no script in the reply",
        "The model replied with prose, or with nothing, where a script was asked for.",
        "Sure! Here is what I would do: …",
        "script boxes()\n  emit from boxes\nend",
    ),
    Code(
        "T0311",
        "the model can't translate it",
        "The model says which part of the text can't be expressed, or is open to more than one reading.",
        "Show the nicest boxes.",
        "Show the boxes whose size is above 10.",
    ),
    Code(
        "T0312",
        "request refused",
        "The server does not take the request: most often it has no model of that name.",
        "--model no-such-model",
        "--model gpt-4.1",
    ),
    Code(
        "T0320",
        "the script writes and the text does not say so",
        "The script of a model writes, and no sentence speaks of a change to the data. The model is told so; where it "
        "insists, the program is stored only after the yes of a person who has seen it: --yes counts for a program "
        "that an earlier compile has shown.",
        "Show the boxes.   (and the script deletes some)",
        "Show the boxes. Then delete those that are empty.",
    ),
    Code(
        "T0321",
        "the script does nothing",
        "The script of a model has no step at all, which no text asks for. The model is told so; nothing is stored "
        "where it insists.",
        "Show the boxes.   (and the script is empty)",
        "script boxes()\n  emit from boxes\nend",
    ),
    Code(
        "T0331",
        "no such model on this machine",
        "A model on this machine is a file in the format GGUF: one that was pulled, by its name, or any by its path.",
        "sopc model use coder",
        "sopc model use coder.gguf",
    ),
    Code(
        "T0332",
        "model can't be fetched",
        "The hub could not be reached, has no such file, or broke off again and again. What has arrived is kept: "
        "pulling again goes on from there.",
        "sopc model pull --from http://127.0.0.1:1",
        "sopc model pull",
    ),
    Code(
        "T0333",
        "what was fetched is not the model",
        "Its sha256 is not the one that is known here: it was damaged on its way, or another file has taken its place. "
        "It was deleted.",
        "sopc model pull 0.5b --from http://mirror.example",
        "sopc model pull 0.5b",
    ),
    Code(
        "T0334",
        "no room for the model",
        "The file could not be written: a full disk, or a folder that can't be written.",
        "sopc model pull 1.5b   (with 300 MB free)",
        "XDG_DATA_HOME=/big/disk sopc model pull 1.5b",
    ),
    Code(
        "T0335",
        "the package for local models is not installed",
        "A model on this machine is served by llama.cpp, which comes with the extra `local`.",
        "pip install sopc",
        "pip install 'sopc[local]'",
    ),
    Code(
        "T0336",
        "the model can't be served",
        "llama.cpp could not load the file, or ended: it is damaged, of a kind that it does not know, or too large for "
        "the memory of this machine.",
        "sopc model use half_a_model.gguf",
        "sopc model pull 0.5b",
    ),
    Code(
        "T0401",
        "example not understood",
        "Below the heading Examples, each line is `Given …`, `When …`, `Then …`, `And …`, a row of a table, or "
        "`Example: …` with a title. A table begins below a line that ends in a colon, with the names of its fields.",
        "Examples\n\nSomebody calls it with Sales.\nThen it shows Barbara.\n",
        "Examples\n\nGiven employees:\n  name | department\n  Ada  | Sales\nWhen called with dept Sales\n"
        "Then it shows:\n  name\n  Ada\n",
    ),
    Code(
        "T0402",
        "example does not fit the program",
        "The example speaks of a store, a field or a parameter that is not there, or gives a value that the field "
        "can't hold. Stores are those of the databases that the program uses.",
        "Given employees:\n  name | wage\n  Ada  | plenty\n",
        "Given employees:\n  name | salary\n  Ada  | 90,000\n",
    ),
    Code(
        "T0403",
        "example does not hold",
        "The program was run on the rows of the example, in an empty copy of the database, and something else came of "
        "it: a line with - is expected and did not come, one with + came and is not expected. Nothing was stored. "
        "Either the program is wrong (say the sentence in other words), or the example is.",
        "Show the employees who earn more than 5.\n\nExamples\n\nGiven an employee with name Ada, salary 5\n"
        "Then it shows 1 row\n",
        "Show the employees who earn 5 or more.\n\nExamples\n\nGiven an employee with name Ada, salary 5\n"
        "Then it shows 1 row\n",
    ),
)
