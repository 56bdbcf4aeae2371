// Reads messages, a line each. std is QuickJS's.
for (let line = std.in.getline(); line !== null; line = std.in.getline()) {
  const { src, body } = JSON.parse(line);
  const fields = answer(body, src);
  if (fields !== undefined) send(src, fields);
}
