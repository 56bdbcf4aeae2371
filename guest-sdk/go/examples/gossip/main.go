// Challenges 3a to 3c: every node learns every value. A new value goes to all other nodes, each time as a call that is tried
// again until it is acknowledged, so a partition delays values and loses none.
//
// `-- --retry never` sends each value once, which a partition shows to be wrong.
package main

import (
	"encoding/json"
	"os"
	"slices"
	"time"

	"maelstrom"
)

// The state: what a snapshot has.
var state struct {
	Messages []int64 `json:"messages"` // sorted
	Retries  bool    `json:"retries"`
}

var node = maelstrom.NewNode()

func init() {
	state.Messages = []int64{} // never nil, which would be null in an answer
	node.State(&state)
	node.Init(func() error {
		state.Retries = !slices.Contains(os.Args, "never")
		return nil
	})
	node.Handle("broadcast", func(msg maelstrom.Message) error { return learn(msg, "broadcast_ok") })
	node.Handle("gossip", func(msg maelstrom.Message) error { return learn(msg, "gossip_ok") })
	node.HandleResponse("gossip", func(maelstrom.Response) error { return nil })
	node.Handle("read", func(msg maelstrom.Message) error {
		return node.Reply(msg, map[string]any{"type": "read_ok", "messages": state.Messages})
	})
	node.Handle("topology", func(msg maelstrom.Message) error { // every node talks to every other
		return node.Reply(msg, map[string]any{"type": "topology_ok"})
	})
	node.Start()
}

func learn(msg maelstrom.Message, answer string) error {
	var body struct {
		Message int64 `json:"message"`
	}
	if err := json.Unmarshal(msg.Body, &body); err != nil {
		return maelstrom.NewRPCError(maelstrom.MalformedRequest, err.Error())
	}
	place, known := slices.BinarySearch(state.Messages, body.Message)
	if !known {
		state.Messages = slices.Insert(state.Messages, place, body.Message)
		if err := spread(body.Message); err != nil {
			return err
		}
	}
	return node.Reply(msg, map[string]any{"type": answer})
}

func spread(value int64) error {
	retry := maelstrom.Never(200 * time.Millisecond)
	if state.Retries {
		retry = maelstrom.Forever(200 * time.Millisecond)
	}
	for _, peer := range node.NodeIDs() {
		if peer == node.ID() {
			continue
		}
		gossip := map[string]any{"type": "gossip", "message": value}
		if err := node.RPC(peer, gossip, retry, "gossip", nil); err != nil {
			return err
		}
	}
	return nil
}

func main() {} // the host calls the exports of package maelstrom instead
