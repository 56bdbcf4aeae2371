// A node that answers init, and fails with the next message as its argument says.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"runtime/debug"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Scan()
	var init struct {
		Src, Dest string
		Body      struct {
			MsgID int `json:"msg_id"`
		}
	}
	if err := json.Unmarshal(lines.Bytes(), &init); err != nil {
		log.Fatal(err)
	}
	fmt.Printf(`{"src":%q,"dest":%q,"body":{"type":"init_ok","in_reply_to":%d}}`+"\n",
		init.Dest, init.Src, init.Body.MsgID)
	lines.Scan()
	debug.SetTraceback("all") // long, as of a node with many goroutines
	for range 200 {
		go func() { select {} }()
	}
	switch os.Args[1] {
	case "memory":
		var kept [][]byte
		for {
			kept = append(kept, make([]byte, 16<<20))
		}
	case "panic":
		var seen map[int]bool
		seen[1] = true
	case "exit":
		log.Fatal("the queue is lost")
	case "wait":
		isDone := false
		go func() { isDone = true }()
		for !isDone {
		}
	}
}
