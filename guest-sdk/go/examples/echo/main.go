// Challenge 1: answers every echo with its own payload.
package main

import (
	"encoding/json"

	"maelstrom"
)

func init() {
	node := maelstrom.NewNode()
	node.Handle("echo", func(msg maelstrom.Message) error {
		var body struct {
			Type string          `json:"type"`
			Echo json.RawMessage `json:"echo"` // as it is: big integers stay right
		}
		if err := json.Unmarshal(msg.Body, &body); err != nil {
			return maelstrom.NewRPCError(maelstrom.MalformedRequest, err.Error())
		}
		body.Type = "echo_ok"
		return node.Reply(msg, body)
	})
	node.Start()
}

func main() {} // the host calls the exports of package maelstrom instead
