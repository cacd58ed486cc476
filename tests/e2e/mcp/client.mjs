// An MCP client of the official SDK: client.mjs streamable|sse URL TOKEN CALLS, CALLS a JSON list of [tool, arguments], or
// "list". Prints a JSON line for each answer.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";

const [, , kind, url, token, calls] = process.argv;
const headers = { Authorization: `Bearer ${token}` };
const transport = kind === "sse"
  ? new SSEClientTransport(new URL(url), { requestInit: { headers }, eventSourceInit: { fetch: (at, init) => fetch(at, { ...init, headers: { ...init.headers, ...headers } }) } })
  : new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
const client = new Client({ name: "agent", version: "1.0.0" });
await client.connect(transport);
for (const call of JSON.parse(calls)) {
  try {
    const got = call === "list" ? await client.listTools() : await client.callTool({ name: call[0], arguments: call[1] });
    console.log(JSON.stringify(got));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message, code: error.code, data: error.data }));
  }
}
await client.close();
process.exit(0);
