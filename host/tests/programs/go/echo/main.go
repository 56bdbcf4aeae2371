// A node that answers what it is told.
package main

import (
	"encoding/json"
	"log"

	"programs/node"
)

func main() {
	n := node.New()
	n.Handle("echo", func(request node.Message) error {
		var body map[string]any
		if err := json.Unmarshal(request.Body, &body); err != nil {
			return err
		}
		delete(body, "msg_id")
		body["type"] = "echo_ok"
		return n.Reply(request, body)
	})
	if err := n.Run(); err != nil {
		log.Fatal(err)
	}
}
