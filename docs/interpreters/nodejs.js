// Runs a script that was written for Node.js: qjs --std nodejs.js SCRIPT ARGUMENT...
//
// It has of Node.js what a node of Maelstrom needs: require of files (CommonJS, JSON) and of "readline",
// "fs" and "events", with parts of "crypto", "util" and "tty"; process; console; timers. There are no ECMAScript modules, packages or sockets.
(() => {
  const STDIN = 0;
  const CHUNK_BYTES = 32768;

  // One function that is told of each event by name, and once().
  class EventEmitter {
    #handlers = new Map();
    on(event, handler) {
      if (!this.#handlers.has(event)) this.#handlers.set(event, []);
      this.#handlers.get(event).push(handler);
      return this;
    }
    once(event, handler) {
      const once = (...args) => (this.off(event, once), handler.apply(this, args));
      return this.on(event, once);
    }
    off(event, handler) {
      this.#handlers.set(event, (this.#handlers.get(event) ?? []).filter((it) => it !== handler));
      return this;
    }
    emit(event, ...args) {
      const handlers = this.#handlers.get(event) ?? [];
      for (const handler of [...handlers]) handler.apply(this, args);
      return handlers.length > 0;
    }
  }
  EventEmitter.prototype.addListener = EventEmitter.prototype.on;
  EventEmitter.prototype.removeListener = EventEmitter.prototype.off;
  EventEmitter.EventEmitter = EventEmitter;

  // Text from bytes that are one character each.
  const decoded = (bytes) => (/[^\x00-\x7f]/.test(bytes) ? decodeURIComponent(escape(bytes)) : bytes);

  // Whole lines of stdin, without their ends, as soon as somebody listens for them; then end.
  class Stdin extends EventEmitter {
    #rest = "";
    #listens = false;
    fd = STDIN;
    on(event, handler) {
      super.on(event, handler);
      if (["line", "data"].includes(event)) this.resume();
      return this;
    }
    resume() {
      if (this.#listens) return this;
      this.#listens = true;
      const buffer = new Uint8Array(CHUNK_BYTES);
      os.setReadHandler(STDIN, () => {
        const count = os.read(STDIN, buffer.buffer, 0, buffer.length);
        if (count > 0) return this.#take(String.fromCharCode.apply(null, buffer.subarray(0, count)));
        os.setReadHandler(STDIN, null);
        if (this.#rest !== "") this.#tell([this.#rest]);
        this.emit("end");
        this.emit("close");
      });
      return this;
    }
    #take(bytes) {
      const lines = (this.#rest + bytes).split("\n");
      this.#rest = lines.pop();
      this.#tell(lines);
    }
    #tell(lines) {
      for (const line of lines.map(decoded)) {
        this.emit("data", line + "\n");
        this.emit("line", line);
      }
    }
    setEncoding() {
      return this;
    }
    pause() {
      this.#listens = false;
      os.setReadHandler(STDIN, null);
      return this;
    }
  }
  const stdin = new Stdin();

  class Output {
    isTTY = false;
    constructor(file, fd) {
      this.file = file;
      this.fd = fd;
    }
    write(text, _encoding, done) {
      this.file.puts(String(text));
      this.file.flush();
      const callback = [_encoding, done].find((it) => typeof it === "function");
      if (callback) os.setTimeout(callback, 0);
      return true;
    }
  }
  const stdout = new Output(std.out, 1);
  const stderr = new Output(std.err, 2);

  // A line of a log: objects as JSON, errors with their stacks.
  const shown = (value) => {
    if (value instanceof Error) return `${value}\n${value.stack}`.trimEnd();
    if (value instanceof Set || value instanceof Map) return `${value.constructor.name} ${JSON.stringify([...value])}`;
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  const format = (...values) => values.map(shown).join(" ");
  const to = (output) => (...values) => void output.write(format(...values) + "\n");

  // The lines of an input, to a handler or to a loop.
  const readline = {
    createInterface(options) {
      const lines = new EventEmitter();
      const input = options.input ?? options;
      input.on("line", (line) => lines.emit("line", line));
      input.on("close", () => lines.emit("close"));
      lines.close = () => void input.pause();
      lines[Symbol.asyncIterator] = async function* () {
        const waiting = [];
        let wake = () => {};
        lines.on("line", (line) => (waiting.push(line), wake()));
        lines.on("close", () => (waiting.push(null), wake()));
        for (;;) {
          if (waiting.length === 0) await new Promise((resolve) => (wake = resolve));
          const line = waiting.shift();
          if (line === null) return;
          yield line;
        }
      };
      return lines;
    },
  };

  const read = (path) => {
    const text = std.loadFile(path);
    if (text === null) throw new Error(`ENOENT: no such file, open '${path}'`);
    return text;
  };
  const fs = {
    readFileSync: (path) => (path === STDIN ? std.in.readAsString() : read(path)),
    existsSync: (path) => os.stat(path)[1] === 0,
    writeSync(fd, text) {
      (fd === 1 ? stdout : stderr).write(text);
      return text.length;
    },
  };

  // Random bytes as hexadecimal digits, from the seed of the node.
  const randomHex = (count) =>
    Array.from({ length: count }, () => Math.floor(Math.random() * 256).toString(16).padStart(2, "0")).join("");
  const crypto = {
    randomUUID() {
      const hex = randomHex(16);
      const variant = "89ab"[parseInt(hex[16], 16) % 4];
      return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, variant + hex.slice(17, 20), hex.slice(20)].join("-");
    },
    randomBytes: (count) => ({ toString: () => randomHex(count) }),
    randomInt: (min, max) => (max === undefined ? crypto.randomInt(0, min) : min + Math.floor(Math.random() * (max - min))),
  };

  const inspect = (value) => shown(value);
  inspect.custom = Symbol.for("nodejs.util.inspect.custom");
  const util = {
    inspect,
    format,
    formatWithOptions: (_options, ...values) => format(...values),
    deprecate: (called) => called,
    inherits: (constructor, parent) => void Object.setPrototypeOf(constructor.prototype, parent.prototype),
    promisify: (called) => (...args) =>
      new Promise((resolve, reject) => called(...args, (error, result) => (error ? reject(error) : resolve(result)))),
  };

  const builtin = {
    readline,
    "readline/promises": readline,
    fs,
    events: EventEmitter,
    process: null,
    crypto,
    util,
    tty: { isatty: () => false },
  };
  const loaded = new Map();
  const isFile = (path) => {
    const [stat, error] = os.stat(path);
    return error === 0 && (stat.mode & os.S_IFMT) === os.S_IFREG;
  };
  // A path without "." and "..".
  const plain = (path) => {
    const parts = [];
    for (const part of path.split("/")) {
      if (part === "..") parts.pop();
      else if (part !== "" && part !== ".") parts.push(part);
    }
    return "/" + parts.join("/");
  };
  function find(name, folder) {
    const path = plain(name.startsWith("/") ? name : `${folder}/${name}`);
    const found = ["", ".js", ".cjs", ".json", "/index.js"].map((end) => path + end).find(isFile);
    if (found === undefined) throw new Error(`Cannot find module '${name}' in ${folder}`);
    return found;
  }
  function compiled(path, text) {
    try {
      return std.evalScript(`(function (exports, require, module, __filename, __dirname) {${text}\n})`);
    } catch (error) {
      const isModule = /^\s*(import|export)\b/m.test(text);
      const hint = "is an ECMAScript module: make it one of CommonJS (esbuild --bundle --platform=node --format=cjs)";
      error.message += isModule ? `: ${path} ${hint}` : `, in ${path}`;
      throw error;
    }
  }
  function load(path) {
    if (loaded.has(path)) return loaded.get(path).exports;
    const module = { exports: {}, filename: path, children: [] };
    loaded.set(path, module);
    const text = read(path).replace(/^#!.*/, "");
    if (path.endsWith(".json")) return (module.exports = JSON.parse(text));
    const folder = path.slice(0, path.lastIndexOf("/"));
    const require = requireIn(folder);
    if (loaded.size === 1) require.main = module;
    const body = compiled(path, text);
    body.call(module.exports, module.exports, require, module, path, folder);
    return module.exports;
  }
  let main;
  const requireIn = (folder) => {
    const require = (name) => {
      const known = name.replace(/^node:/, "");
      if (Object.hasOwn(builtin, known)) return builtin[known];
      if (/^\.{0,2}\//.test(name)) return load(find(name, folder));
      throw new Error(`Cannot find module '${name}': nodejs.js has only ${Object.keys(builtin).join(", ")}`);
    };
    return require;
  };

  const [shim, script, ...args] = scriptArgs;
  if (script === undefined) {
    stderr.write(`${shim}: which script? qjs --std ${shim} SCRIPT\n`);
    std.exit(2);
  }
  const started = os.now();
  const process = Object.assign(new EventEmitter(), {
    argv: [shim, script, ...args],
    env: {},
    pid: 1,
    platform: "wasi",
    stdin,
    stdout,
    stderr,
    exit: (code) => std.exit(code ?? 0),
    cwd: () => "/",
    uptime: () => (os.now() - started) / 1e6,
    nextTick: (f, ...args) => void Promise.resolve().then(() => f(...args)),
  });
  builtin.process = process;

  Object.assign(globalThis, {
    process,
    console: { log: to(stdout), info: to(stdout), debug: to(stdout), warn: to(stderr), error: to(stderr), trace: to(stderr) },
    setTimeout: (f, ms, ...args) => os.setTimeout(() => f(...args), ms ?? 0),
    setInterval: (f, ms, ...args) => os.setInterval(() => f(...args), ms ?? 0),
    setImmediate: (f, ...args) => os.setTimeout(() => f(...args), 0),
    clearTimeout: (timer) => timer && os.clearTimeout(timer),
    clearInterval: (timer) => timer && os.clearTimeout(timer),
    clearImmediate: (timer) => timer && os.clearTimeout(timer),
    global: globalThis,
  });
  load(find(script, "/"));
})();
