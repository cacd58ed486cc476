// An MCP server of the official SDK, over both transports: /mcp is streamable HTTP, /sse and /messages the older one.
// Prints its port; each tool call is a line on standard output.
import http from "node:http";
import { randomUUID } from "node:crypto";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { z } from "zod";

const say = (text) => process.stdout.write(text + "\n");
const text = (value) => ({ content: [{ type: "text", text: value }] });

function server() {
  const made = new McpServer({ name: "planted", version: "1.0.0" });
  made.registerTool("lookup", { description: "Looks a customer up", inputSchema: { id: z.number() } }, async ({ id }) => {
    say(`call lookup ${id}`);
    return text(`customer ${id}: ann.planted@example.com, also as JSON {"mail":"ann.planted\\u0040example.com"}`);
  });
  made.registerTool("drop_table", { description: "Drops a table", inputSchema: { table: z.string() } }, async ({ table }) => {
    say(`call drop_table ${table}`);
    return text(`${table} is gone`);
  });
  made.registerTool("send", { description: "Sends a text", inputSchema: { to: z.string(), text: z.string() } }, async ({ to }) => {
    say(`call send ${to}`);
    return text("sent");
  });
  return made;
}

const streams = new Map(), events = new Map();

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return parts.length ? JSON.parse(Buffer.concat(parts).toString()) : undefined;
}

async function onMcp(request, response) {
  const id = request.headers["mcp-session-id"];
  let transport = streams.get(id);
  if (!transport) {
    transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (made) => streams.set(made, transport) });
    await server().connect(transport);
  }
  await transport.handleRequest(request, response, request.method === "POST" ? await body(request) : undefined);
}

const door = http.createServer(async (request, response) => {
  const url = new URL(request.url, "http://x");
  if (request.headers.authorization) say("a caller's Authorization came through");
  if (url.pathname === "/mcp") return onMcp(request, response);
  if (url.pathname === "/sse") {
    const transport = new SSEServerTransport("/messages", response);
    events.set(transport.sessionId, transport);
    return server().connect(transport);
  }
  const transport = events.get(url.searchParams.get("sessionId"));
  if (url.pathname === "/messages" && transport) return transport.handlePostMessage(request, response, await body(request));
  response.writeHead(404).end();
});
door.listen(0, "127.0.0.1", () => say(`port ${door.address().port}`));
