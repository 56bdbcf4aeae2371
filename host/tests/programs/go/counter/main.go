// A grow-only counter on seq-kv: one key, compare-and-set, calls under deadlines.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"time"

	"programs/node"
)

const (
	kv            = "seq-kv"
	key           = "counter"
	callTimeout   = 500 * time.Millisecond
	flushEvery    = 100 * time.Millisecond
	keyMissing    = 20
	compareFailed = 22
	stampForReads = "stamp"
)

type server struct {
	*node.Node
	// Deltas on their way to the store; one goroutine adds them up and writes them.
	deltas chan int
	stamp  chan int
}

func main() {
	s := &server{Node: node.New(), deltas: make(chan int, 1024), stamp: make(chan int, 1)}
	s.stamp <- 0
	s.OnInit(func() { go s.flush() })
	s.Handle("add", s.add)
	s.Handle("read", s.read)
	if err := s.Run(); err != nil {
		log.Fatal(err)
	}
}

func (s *server) add(request node.Message) error {
	var body struct {
		Delta int `json:"delta"`
	}
	if err := json.Unmarshal(request.Body, &body); err != nil {
		return err
	}
	s.deltas <- body.Delta
	return s.Reply(request, map[string]any{"type": "add_ok"})
}

// flush writes what has gathered, until it is certain that it has been written.
func (s *server) flush() {
	pending := 0
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case delta := <-s.deltas:
			pending += delta
		case <-ticker.C:
			if pending == 0 {
				continue
			}
			if err := s.write(pending); err != nil {
				log.Printf("%d is not written yet: %v", pending, err)
				continue
			}
			pending = 0
		}
	}
}

func (s *server) write(delta int) error {
	from, err := s.load()
	if err != nil {
		return err
	}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		_, err = s.Call(ctx, kv, map[string]any{
			"type": "cas", "key": key, "from": from, "to": from + delta,
			"create_if_not_exists": true,
		})
		cancel()
		var refused *node.RPCError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &refused) && refused.Code == compareFailed:
			if from, err = s.load(); err != nil {
				return err
			}
		case errors.As(err, &refused):
			return err
		default: // it may have been written: a counter cannot tell, and must not add twice
			return nil
		}
	}
}

// load reads the counter; a write before it makes a sequential store catch up.
func (s *server) load() (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	stamp := <-s.stamp + 1
	s.stamp <- stamp
	write := map[string]any{"type": "write", "key": stampForReads + s.ID, "value": stamp}
	if _, err := s.Call(ctx, kv, write); err != nil {
		return 0, err
	}
	reply, err := s.Call(ctx, kv, map[string]any{"type": "read", "key": key})
	var refused *node.RPCError
	if errors.As(err, &refused) && refused.Code == keyMissing {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var body struct {
		Value int `json:"value"`
	}
	return body.Value, json.Unmarshal(reply.Body, &body)
}

func (s *server) read(request node.Message) error {
	value, err := s.load()
	if err != nil {
		return err // the client's deadline answers
	}
	return s.Reply(request, map[string]any{"type": "read_ok", "value": value})
}
