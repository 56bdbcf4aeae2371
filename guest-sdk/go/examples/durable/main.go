// Challenge 5b-durable: logs like Kafka's, kept on the disk of the first node, to which all others forward. What it has answered or
// shown it knows again after it was killed or lost its power; the package syncs before each message that says so.
//
// `-- --sync never` answers before that, which a loss of power shows to be wrong.
package main

import (
	"encoding/json"
	"os"
	"slices"
	"time"

	"maelstrom"
)

// record is something that was taken in: a message, or an offset up to which a log was processed.
type record struct {
	Key    string          `json:"key"`
	Msg    json.RawMessage `json:"msg,omitempty"`
	Commit *int            `json:"commit,omitempty"`
}

// The state: what a snapshot has.
var state struct {
	Logs      map[string][]json.RawMessage `json:"logs"`
	Committed map[string]int               `json:"committed"`
	Syncs     bool                         `json:"syncs"`
}

var (
	node = maelstrom.NewNode()
	disk = node.Disk().Log("records")
)

const polledMax = 64

func init() {
	state.Logs, state.Committed = map[string][]json.RawMessage{}, map[string]int{}
	node.State(&state)
	node.Init(func() error {
		state.Syncs = !slices.Contains(os.Args, "never")
		var known []any
		if err := disk.Open(func(text json.RawMessage) error {
			var it record
			err := json.Unmarshal(text, &it)
			apply(it)
			known = append(known, text)
			return err
		}); err != nil {
			return err
		}
		// After a sync that has failed no later one makes durable what was there: it is written again.
		return disk.Replace(known...)
	})
	handle("send", send)
	handle("poll", poll)
	handle("commit_offsets", commit)
	handle("list_committed_offsets", list)
	node.HandleResponse("forward", answer)
	node.Start()
}

// request has the fields of all requests.
type request struct {
	Key     string          `json:"key"`
	Msg     json.RawMessage `json:"msg"`
	Offsets map[string]int  `json:"offsets"`
	Keys    []string        `json:"keys"`
}

// handle has the first node answer requests of a type, and all others forward them, once each: a message that is sent twice is there
// twice.
func handle(kind string, fn func(request) (map[string]any, error)) {
	node.Handle(kind, func(msg maelstrom.Message) error {
		if first := node.NodeIDs()[0]; first != node.ID() {
			body := without(msg.Body, "msg_id")
			return node.RPC(first, body, maelstrom.Never(2*time.Second), "forward", msg.Caller())
		}
		var asked request
		if err := json.Unmarshal(msg.Body, &asked); err != nil {
			return maelstrom.NewRPCError(maelstrom.MalformedRequest, err.Error())
		}
		fields, err := fn(asked)
		if err != nil {
			return err
		}
		fields["type"] = kind + "_ok"
		return node.Reply(msg, fields)
	})
}

func answer(response maelstrom.Response) error {
	var to maelstrom.Caller
	if err := json.Unmarshal(response.Data, &to); err != nil {
		return err
	}
	if err := response.Err; err != nil {
		return node.ReplyTo(to, map[string]any{"type": "error", "code": err.Code, "text": err.Text})
	}
	return node.ReplyTo(to, without(response.Body, "in_reply_to"))
}

// without is a body without one of its fields.
func without(body json.RawMessage, field string) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		panic(err) // the host has checked that it is an object
	}
	delete(fields, field)
	return fields
}

// take takes something in: on the disk, and in memory.
func take(it record) error {
	log := disk
	if !state.Syncs {
		log = node.Disk().WithoutSync().Log("records")
	}
	if err := log.Append(it); err != nil {
		return err
	}
	apply(it)
	return nil
}

func apply(it record) {
	if it.Commit != nil {
		state.Committed[it.Key] = max(state.Committed[it.Key], *it.Commit)
	} else {
		state.Logs[it.Key] = append(state.Logs[it.Key], it.Msg)
	}
}

func send(asked request) (map[string]any, error) {
	err := take(record{Key: asked.Key, Msg: asked.Msg})
	return map[string]any{"offset": len(state.Logs[asked.Key]) - 1}, err
}

func poll(asked request) (map[string]any, error) {
	msgs := map[string][][2]any{}
	for key, from := range asked.Offsets {
		log := state.Logs[key]
		msgs[key] = [][2]any{} // never nil, which would be null
		for offset := max(from, 0); offset < min(len(log), from+polledMax); offset++ {
			msgs[key] = append(msgs[key], [2]any{offset, log[offset]})
		}
	}
	return map[string]any{"msgs": msgs}, nil
}

func commit(asked request) (map[string]any, error) {
	for key, offset := range asked.Offsets {
		if err := take(record{Key: key, Commit: &offset}); err != nil {
			return nil, err
		}
	}
	return map[string]any{}, nil
}

func list(asked request) (map[string]any, error) {
	offsets := map[string]int{}
	for _, key := range asked.Keys {
		if offset, known := state.Committed[key]; known {
			offsets[key] = offset
		}
	}
	return map[string]any{"offsets": offsets}, nil
}

func main() {} // the host calls the exports of package maelstrom instead
