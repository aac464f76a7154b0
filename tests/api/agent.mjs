// What the TypeScript client of agents sees of a server → JSON on stdout. Its argument: {over, mode, url | command, …}.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const given = JSON.parse(process.argv[2]);
const transport = given.over === 'http'
  ? new StreamableHTTPClientTransport(new URL(given.url), { requestInit: { headers: given.headers } })
  : new StdioClientTransport({ command: given.command[0], args: given.command.slice(1), cwd: given.cwd, env: given.env });
const client = new Client({ name: 'test', version: '1' }, {
  capabilities: { elicitation: { form: {} } },
  versionNegotiation: { mode: given.mode === 'legacy' ? 'legacy' : { pin: given.mode } },
});
const asked = [];
client.setRequestHandler('elicitation/create', async ({ params }) => {
  asked.push(params.message);
  const wanted = Object.keys(params.requestedSchema.properties ?? {});
  return { action: 'accept', content: wanted.length ? { answer: '3' } : {} };
});
const call = async (name, args) => (await client.callTool({ name, arguments: args })).structuredContent;

await client.connect(transport);
const { tools } = await client.listTools();
const seen = {
  tools: tools.map(({ name }) => name),
  audit: (await call('audit', { floor: 100000 })).records,
  large: (await call('big', { n: '9007199254740993' })).result,
  many: (await call('numbers', { n: 100000 })).records.length,
  wrong: (await call('divide', { by: 'x' })).error.code,
  question: (await call('perhaps', {})).records,
  written: (await call('note', { text: 'x' })).status,
  asked,
};
await client.close();
console.log(JSON.stringify(seen));
