// Starts `sopc lsp`, and connects it with programs and English texts.
"use strict";

const { commands, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  const [command, ...args] = workspace.getConfiguration("sop").get("command");
  client = new LanguageClient(
    "sop",
    "SOP",
    { command, args },
    {
      documentSelector: [
        { scheme: "file", language: "sop" },
        { scheme: "file", language: "plaintext" },
        { scheme: "file", language: "markdown" },
      ],
    },
  );
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const hint = "pip install 'sopc[lsp]', or set sop.command to the path of sopc";
    window.showErrorMessage(`${command} could not be started (${error.message}): ${hint}`);
  }
}

async function stop() {
  await client?.stop();
  client = undefined;
}

exports.activate = async (context) => {
  const restart = async () => {
    await stop();
    await start();
  };
  context.subscriptions.push(commands.registerCommand("sop.restart", restart));
  await start();
};

exports.deactivate = stop;
