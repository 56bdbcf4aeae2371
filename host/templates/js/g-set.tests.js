// Requests to a node that is alone, and the answers: node test.js
const { readFileSync } = require("fs");
const { deepStrictEqual } = require("assert");

const source = ["maelstrom.js", "node.js"].map((name) => readFileSync(name, "utf8")).join("\n");
const answer = new Function(`${source}\nreturn answer;`)();

const conversation = [
  [{ type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] }, { type: "init_ok", in_reply_to: 1 }],
  [{ type: "add", msg_id: 2, element: 5 }, { type: "add_ok", in_reply_to: 2 }],
  [{ type: "read", msg_id: 3 }, { type: "read_ok", value: [5], in_reply_to: 3 }],
];
for (const [request, expected] of conversation) deepStrictEqual(answer(request), expected);
console.log(`${conversation.length} answers are right`);
