// Reads messages, a line each. std and os are QuickJS's; os.setTimeout has the node do something later.
for (const script of ["maelstrom.js", "node.js"]) std.loadScript(script);

function receive(line) {
  const { src, body } = JSON.parse(line);
  const fields = answer(body, src);
  if (fields !== undefined) send(src, fields);
}

const STDIN = 0;
const buffer = new Uint8Array(32768);
let rest = ""; // of a line that has not ended, a character for each byte
os.setReadHandler(STDIN, () => {
  const count = os.read(STDIN, buffer.buffer, 0, buffer.length);
  if (count <= 0) std.exit(0);
  const lines = (rest + String.fromCharCode(...buffer.subarray(0, count))).split("\n");
  rest = lines.pop();
  for (const line of lines) receive(decodeURIComponent(escape(line)));
});
