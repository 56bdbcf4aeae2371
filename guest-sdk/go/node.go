// Package maelstrom is for nodes in Go that are WebAssembly guests of the ABI (docs/abi.md): the host calls them with each
// event, and they have no stdin. So they hot-swap with their state, and the simulator shows it.
//
// Names are those of Maelstrom's own Go library where they mean the same. What differs follows from the state, which is data
// that a newer version of the node continues from: a call is not given a function, but the name of one and a value.
//
//	var node = maelstrom.NewNode()
//
//	func init() {
//		node.Handle("echo", func(msg maelstrom.Message) error {
//			var body map[string]any
//			…
//			return node.Reply(msg, body)
//		})
//		node.Start()
//	}
//
//	func main() {} // is not called
//
// Handlers are functions that return. One that waits, for a channel or a sleep, ends the node with Go's "fatal error", and a
// goroutine that it starts runs only while handlers yield, so it may never run. The clock (time.Now) stands still while a handler runs; instead of a ticker set a timer.
package maelstrom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"time"
)

// Message is a message that has arrived.
type Message struct {
	Src  string
	Dest string
	Body json.RawMessage
	head head
}

// head has the fields that each body may have.
type head struct {
	Type      string
	MsgID     *uint64
	InReplyTo *uint64
}

// Type is the type of the body.
func (m Message) Type() string { return m.head.Type }

// Caller is who has sent a request, and what the answer repeats. It may be part of the state.
type Caller struct {
	Node  string  `json:"node"`
	MsgID *uint64 `json:"msg_id"`
}

// Caller is for an answer that comes later: see ReplyTo.
func (m Message) Caller() Caller { return Caller{m.Src, m.head.MsgID} }

// HandlerFunc handles a request. An error that it returns is the answer: an RPCError with its code, any other as a crash.
type HandlerFunc func(msg Message) error

// Response is the end of a call: an answer, or an error.
type Response struct {
	Message
	// Err is nil, an error that was answered, or a Timeout.
	Err *RPCError
	// Data is what was given to RPC.
	Data json.RawMessage
}

// Node is the only node of its module.
type Node struct {
	// StateVersion is raised when a newer node must not continue from the state of an older one.
	StateVersion int

	handlers  map[string]HandlerFunc
	responses map[string]func(Response) error
	timers    map[string]func(json.RawMessage) error
	init      func() error
	state     any
	at        context
	output    bytes.Buffer

	syncFailed func(SyncFailure) error
	survived   map[string]json.RawMessage // what there was on the disk; only while init runs
	hasSynced  bool                       // in this step
}

// context is what the package remembers for the node.
type context struct {
	NowNs     uint64           `json:"now_ns"`
	ID        string           `json:"id"`
	NodeIDs   []string         `json:"node_ids"`
	NextMsgID uint64           `json:"next_msg_id"`
	NextTimer uint64           `json:"next_timer"`
	Calls     map[uint64]*call `json:"calls"`
	Timers    map[uint64]timer `json:"timers"`
	Unsynced  bool             `json:"unsynced,omitempty"` // a change has to be durable before the next message
	Logs      map[string][]end `json:"logs,omitempty"`
	// Those that were changed behind a sync of the last step.
	LogsBehindSync map[string]bool `json:"logs_behind_sync,omitempty"`
}

type call struct {
	Dest    string          `json:"dest"`
	Body    json.RawMessage `json:"body,omitempty"` // with its ids; none if it is not sent again
	Name    string          `json:"name"`
	Data    json.RawMessage `json:"data"`
	Retry   Retry           `json:"retry"`
	Attempt uint            `json:"attempt"`
	Timer   uint64          `json:"timer"`
}

// timer is one of the node's (Name) or that of a call (Call).
type timer struct {
	Call uint64          `json:"call,omitempty"`
	Name string          `json:"name,omitempty"`
	Data json.RawMessage `json:"data,omitempty"`
}

const pendingMax = 10_000 // the host's limit on timers

// NewNode returns a node without handlers.
func NewNode() *Node {
	return &Node{
		StateVersion: 1,
		handlers:     map[string]HandlerFunc{},
		responses:    map[string]func(Response) error{},
		timers:       map[string]func(json.RawMessage) error{},
		at:           context{Calls: map[uint64]*call{}, Timers: map[uint64]timer{}},
	}
}

// ID is the name of this node.
func (n *Node) ID() string { return n.at.ID }

// NodeIDs are the names of all nodes, in the same order on each.
func (n *Node) NodeIDs() []string { return n.at.NodeIDs }

// Now is the time of the event.
func (n *Node) Now() time.Time { return time.Unix(0, int64(n.at.NowNs)) }

// Init registers what is done when the node's name is known. The answer to init is sent without it, and the node's disk is read in
// it.
func (n *Node) Init(fn func() error) { n.init = fn }

// State names the value that a snapshot has: a pointer to anything that encoding/json writes and reads back. Name, calls,
// timers and logs are kept without it.
func (n *Node) State(pointer any) { n.state = pointer }

// Handle registers what is done with requests of a type. A type that is not registered is answered with error 10.
func (n *Node) Handle(kind string, fn HandlerFunc) { register(n.handlers, kind, fn) }

// HandleResponse registers what is done when a call ends that RPC was given this name for.
func (n *Node) HandleResponse(name string, fn func(Response) error) { register(n.responses, name, fn) }

// HandleTimer registers what is done when a timer fires that SetTimer was given this name for.
func (n *Node) HandleTimer(name string, fn func(data json.RawMessage) error) {
	register(n.timers, name, fn)
}

func register[F any](handlers map[string]F, name string, fn F) {
	if _, exists := handlers[name]; exists {
		panic(fmt.Sprintf("there is a handler for %q already", name))
	}
	handlers[name] = fn
}

// Send sends a message that expects no answer. The body has a `type`, and neither `msg_id` nor `in_reply_to`.
func (n *Node) Send(dest string, body any) error {
	text, err := withIDs(body, "")
	if err == nil {
		n.write(dest, text)
	}
	return err
}

// Reply answers a request. It says nothing to who wants no reply.
func (n *Node) Reply(to Message, body any) error { return n.ReplyTo(to.Caller(), body) }

// ReplyTo is Reply for a caller that was kept.
func (n *Node) ReplyTo(to Caller, body any) error {
	if to.MsgID == nil {
		return nil
	}
	text, err := withIDs(body, fmt.Sprintf(`,"in_reply_to":%d`, *to.MsgID))
	if err == nil {
		n.write(to.Node, text)
	}
	return err
}

// RPC sends a request. The handler of HandleResponse(name) gets data with the answer, an error or a Timeout.
func (n *Node) RPC(dest string, body any, retry Retry, name string, data any) error {
	if _, exists := n.responses[name]; !exists {
		return fmt.Errorf("there is no HandleResponse(%q)", name)
	}
	if len(n.at.Calls) >= pendingMax {
		return fmt.Errorf("more than %d calls in flight", pendingMax)
	}
	kept, err := json.Marshal(data)
	if err != nil {
		return err
	}
	id := n.at.NextMsgID
	text, err := withIDs(body, fmt.Sprintf(`,"msg_id":%d`, id))
	if err != nil {
		return err
	}
	n.at.NextMsgID++
	n.write(dest, text)
	begun := &call{Dest: dest, Name: name, Data: kept, Retry: retry}
	if retry.mayFollow(0) {
		begun.Body = text
	}
	begun.Timer = n.start(retry.wait(0), timer{Call: id})
	n.at.Calls[id] = begun
	return nil
}

// SetTimer has HandleTimer(name) called with data once, after at least 1 ms. It returns the timer's id.
func (n *Node) SetTimer(after time.Duration, name string, data any) (uint64, error) {
	if _, exists := n.timers[name]; !exists {
		return 0, fmt.Errorf("there is no HandleTimer(%q)", name)
	}
	if len(n.at.Timers) >= pendingMax {
		return 0, fmt.Errorf("more than %d timers", pendingMax)
	}
	kept, err := json.Marshal(data)
	if err != nil {
		return 0, err
	}
	return n.start(after, timer{Name: name, Data: kept}), nil
}

// CancelTimer has no effect if the timer has fired already.
func (n *Node) CancelTimer(id uint64) {
	if _, exists := n.at.Timers[id]; exists {
		delete(n.at.Timers, id)
		fmt.Fprintf(&n.output, "{\"cancel_timer\":{\"id\":%d}}\n", id)
	}
}

func (n *Node) start(after time.Duration, what timer) uint64 {
	id := n.at.NextTimer
	n.at.NextTimer++
	n.at.Timers[id] = what
	fmt.Fprintf(&n.output, "{\"set_timer\":{\"id\":%d,\"after_ns\":%d}}\n", id, max(after, time.Millisecond))
	return id
}

// withIDs is a body as JSON with the text of its ids, which begins with a comma.
func withIDs(body any, ids string) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, err
	}
	object := bytes.TrimSpace(text.Bytes())
	if len(object) <= 2 || object[0] != '{' {
		return nil, errors.New("a body is an object with a type")
	}
	return append(append(object[:len(object)-1:len(object)-1], ids...), '}'), nil
}

func (n *Node) write(dest string, body json.RawMessage) {
	n.syncIfDue()
	n.output.WriteString(`{"send":{"src":`)
	n.writeString(n.at.ID)
	n.output.WriteString(`,"dest":`)
	n.writeString(dest)
	n.output.WriteString(`,"body":`)
	n.output.Write(body)
	n.output.WriteString("}}\n")
}

func (n *Node) warn(text string) {
	n.output.WriteString(`{"log":{"level":"warn","text":`)
	n.writeString(text)
	n.output.WriteString("}}\n")
}

func (n *Node) writeString(text string) {
	quoted, _ := json.Marshal(text) // a string always can be
	n.output.Write(quoted)
}

// Step returns the effects of an event, one a line, which are valid until the next. Both are those of the ABI. The host calls it; so
// may a test.
func (n *Node) Step(event []byte) []byte {
	n.output.Reset()
	n.hasSynced = false
	var message, timer, disk []byte
	var failed SyncFailure
	eachField(event, func(name string, value []byte) {
		switch name {
		case "now_ns":
			if now := idOf(value); now != nil {
				n.at.NowNs = *now
			}
		case "message":
			message = value
		case "timer":
			timer = value
		case "disk":
			disk = value
		case "sync_failed":
			failed = readSyncFailure(value)
		}
	})
	n.settleLogs(failed)
	switch {
	case message != nil && n.at.ID == "":
		n.begin(readMessage(message), disk)
	case message != nil:
		n.hear(readMessage(message))
	case failed != "":
		n.hearSyncFailed(failed)
	case timer != nil:
		eachField(timer, func(name string, value []byte) {
			if id := idOf(value); name == "id" && id != nil {
				n.fire(*id)
			}
		})
	}
	return n.output.Bytes()
}

func (n *Node) hear(msg Message) {
	switch {
	case msg.head.InReplyTo != nil:
		n.answered(*msg.head.InReplyTo, msg)
	default:
		handler, exists := n.handlers[msg.Type()]
		if !exists {
			known := make([]string, 0, len(n.handlers))
			for kind := range n.handlers {
				known = append(known, kind)
			}
			sort.Strings(known)
			text := fmt.Sprintf("unknown message type %q; this node knows %s", msg.Type(), strings.Join(known, ", "))
			handler = func(Message) error { return NewRPCError(NotSupported, text) }
		}
		n.refuse(msg, handler(msg))
	}
}

func (n *Node) begin(msg Message, disk []byte) {
	var init struct {
		NodeID  string   `json:"node_id"`
		NodeIDs []string `json:"node_ids"`
	}
	if err := json.Unmarshal(msg.Body, &init); err != nil {
		panic(fmt.Sprintf("init cannot be read: %v", err))
	}
	n.at.ID, n.at.NodeIDs = init.NodeID, init.NodeIDs
	n.at.NextMsgID = 1 + n.at.NowNs/1000 // not those of a life before a kill
	n.at.NextTimer = 1
	n.refuse(msg, n.Reply(msg, map[string]any{"type": "init_ok"}))
	answer := n.output.Len()
	n.find(disk)
	if n.init != nil {
		n.fail("init", n.init())
	}
	n.survived = nil
	n.syncIfDue()
	if n.hasSynced { // The node is ready when what it has changed is durable.
		effects := bytes.Clone(n.output.Bytes())
		n.output.Reset()
		n.output.Write(effects[answer:])
		n.output.Write(effects[:answer])
	}
}

func (n *Node) hearSyncFailed(why SyncFailure) {
	n.at.Unsynced = true // however much it was
	if n.syncFailed == nil {
		panic(fmt.Sprintf("a sync has failed (%s): what was written since the last one may be lost", why))
	}
	n.fail("the handler of a sync that failed", n.syncFailed(why))
}

// refuse answers with an error, if there is one.
func (n *Node) refuse(msg Message, err error) {
	if err == nil {
		return
	}
	var rpc *RPCError
	if !errors.As(err, &rpc) {
		rpc = NewRPCError(Crash, err.Error())
	}
	body := map[string]any{"type": "error", "code": rpc.Code, "text": rpc.Text}
	n.fail("an error", n.Reply(msg, body))
}

// fail ends the node where nobody waits for an answer that could tell of the error.
func (n *Node) fail(where string, err error) {
	if err != nil {
		panic(fmt.Sprintf("%s: %v", where, err))
	}
}

func (n *Node) answered(id uint64, msg Message) {
	called, exists := n.at.Calls[id]
	if !exists {
		return // late, or a duplicate
	}
	response := Response{Message: msg, Data: called.Data}
	if msg.Type() == "error" {
		response.Err = &RPCError{}
		if json.Unmarshal(msg.Body, response.Err) != nil {
			response.Err = NewRPCError(Crash, "an error that cannot be read")
		}
		// What is unavailable for now is tried again, when the timer fires.
		if response.Err.Code == TemporarilyUnavailable && called.Retry.mayFollow(called.Attempt) {
			return
		}
	}
	n.CancelTimer(called.Timer)
	n.end(id, called, response)
}

func (n *Node) end(id uint64, called *call, response Response) {
	delete(n.at.Calls, id)
	handler, exists := n.responses[called.Name]
	if !exists {
		panic(fmt.Sprintf("there is no HandleResponse(%q)", called.Name))
	}
	n.fail("the handler of a response", handler(response))
}

func (n *Node) fire(id uint64) {
	fired, exists := n.at.Timers[id]
	if !exists {
		return
	}
	delete(n.at.Timers, id)
	if fired.Call == 0 {
		handler, exists := n.timers[fired.Name]
		if !exists {
			panic(fmt.Sprintf("there is no HandleTimer(%q)", fired.Name))
		}
		n.fail("the handler of a timer", handler(fired.Data))
		return
	}
	called, exists := n.at.Calls[fired.Call]
	if !exists {
		return
	}
	if !called.Retry.mayFollow(called.Attempt) {
		text := "no answer from " + called.Dest
		n.end(fired.Call, called, Response{Data: called.Data, Err: NewRPCError(Timeout, text)})
		return
	}
	n.write(called.Dest, called.Body)
	called.Attempt++
	called.Timer = n.start(called.Retry.wait(called.Attempt), timer{Call: fired.Call})
}

// Retry says how long a call waits for its answer, and how often it is tried. Each wait is twice as long as the one before, up to
// eight times the first. Each attempt is the same message, so retry only what may happen twice.
type Retry struct {
	First time.Duration `json:"first"`
	Max   time.Duration `json:"max"`
	// Attempts is 0 for no limit.
	Attempts uint `json:"attempts"`
}

// Never sends a request once.
func Never(timeout time.Duration) Retry { return Retry{timeout, 8 * timeout, 1} }

// Times sends a request up to so many times.
func Times(attempts uint, timeout time.Duration) Retry {
	return Retry{timeout, 8 * timeout, max(attempts, 1)}
}

// Forever sends a request until it is answered.
func Forever(timeout time.Duration) Retry { return Retry{timeout, 8 * timeout, 0} }

func (r Retry) mayFollow(attempt uint) bool { return r.Attempts == 0 || attempt+1 < r.Attempts }

func (r Retry) wait(attempt uint) time.Duration {
	if attempt == 0 {
		return r.First
	}
	wait := min(r.First<<min(attempt, 8), r.Max)
	// Up to a quarter more, so that nodes that failed together do not try again together.
	return wait + rand.N(wait/4+1)
}
