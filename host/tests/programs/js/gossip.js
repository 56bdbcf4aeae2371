#!/usr/bin/env node
// Challenge 3c: a value goes to all other nodes, and again every 200 ms until they have acknowledged it.
// With the argument "no-retry" it goes to each once.
const readline = require("readline");

const RETRY_MS = 200;
const retries = process.argv[2] !== "no-retry";

const values = new Set();
const unacknowledged = new Map(); // by node
let nodeId;

const send = (dest, body) => console.log(JSON.stringify({ src: nodeId, dest, body }));

function gossip() {
  for (const [node, missing] of unacknowledged) {
    if (missing.size === 0) continue;
    send(node, { type: "gossip", values: [...missing] });
    if (!retries) missing.clear();
  }
}

const requests = {
  init({ node_id, node_ids }) {
    nodeId = node_id;
    for (const node of node_ids) if (node !== nodeId) unacknowledged.set(node, new Set());
    if (retries) setInterval(gossip, RETRY_MS);
    return { type: "init_ok" };
  },
  topology: () => ({ type: "topology_ok" }),
  broadcast({ message }) {
    values.add(message);
    for (const missing of unacknowledged.values()) missing.add(message);
    gossip();
    return { type: "broadcast_ok" };
  },
  read: () => ({ type: "read_ok", messages: [...values] }),
};

const messages = {
  gossip(body, src) {
    for (const value of body.values) values.add(value);
    send(src, { type: "gossip_ok", values: body.values });
  },
  gossip_ok(body, src) {
    for (const value of body.values) unacknowledged.get(src).delete(value);
  },
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { src, body } = JSON.parse(line);
  if (body.type in messages) return messages[body.type](body, src);
  send(src, { ...requests[body.type](body), in_reply_to: body.msg_id });
});
