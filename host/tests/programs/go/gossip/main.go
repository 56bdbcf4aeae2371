// A broadcast that gossips: every value goes to every neighbour until it has been
// acknowledged. With the argument "no-retry" it is sent once only, which a partition
// makes it lose. As many nodes do, it keeps its log in a file and waits for a signal.
package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"programs/node"
)

const retryEvery = 200 * time.Millisecond

type server struct {
	*node.Node
	retry bool

	mu     sync.Mutex
	values []int
	known  map[int]bool
	// The values that a neighbour has not acknowledged yet.
	missing map[string]map[int]bool
}

func main() {
	file, err := os.OpenFile("/tmp/gossip.log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		log.Fatal(err)
	}
	log.SetOutput(io.MultiWriter(os.Stderr, file))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		log.Fatalf("ended by %v", <-signals)
	}()
	s := &server{
		Node:    node.New(),
		retry:   len(os.Args) < 2 || os.Args[1] != "no-retry",
		known:   map[int]bool{},
		missing: map[string]map[int]bool{},
	}
	s.OnInit(s.start)
	s.Handle("topology", func(request node.Message) error {
		return s.Reply(request, map[string]any{"type": "topology_ok"})
	})
	s.Handle("broadcast", s.broadcast)
	s.Handle("gossip", s.gossip)
	s.Handle("read", s.read)
	if err := s.Run(); err != nil {
		log.Fatal(err)
	}
}

// start begins to repeat what is not acknowledged, for each neighbour on its own.
func (s *server) start() {
	for _, id := range s.IDs {
		if id == s.ID {
			continue
		}
		s.missing[id] = map[int]bool{}
		if s.retry {
			go s.repeat(id)
		}
	}
}

func (s *server) repeat(neighbour string) {
	ticker := time.NewTicker(retryEvery)
	defer ticker.Stop()
	for range ticker.C {
		s.mu.Lock()
		var values []int
		for _, value := range s.values {
			if s.missing[neighbour][value] {
				values = append(values, value)
			}
		}
		s.mu.Unlock()
		if len(values) > 0 {
			s.tell(neighbour, values)
		}
	}
}

// tell sends values and waits for the acknowledgement, but not for ever.
func (s *server) tell(neighbour string, values []int) {
	ctx, cancel := context.WithTimeout(context.Background(), retryEvery)
	defer cancel()
	body := map[string]any{"type": "gossip", "values": values}
	if _, err := s.Call(ctx, neighbour, body); err != nil {
		log.Printf("%s has not answered: %v", neighbour, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range values {
		delete(s.missing[neighbour], value)
	}
}

// learn takes note of the values that are new and tells everybody but from.
func (s *server) learn(values []int, from string) {
	s.mu.Lock()
	var fresh []int
	for _, value := range values {
		if !s.known[value] {
			s.known[value] = true
			s.values = append(s.values, value)
			fresh = append(fresh, value)
		}
	}
	if len(fresh) == 0 {
		s.mu.Unlock()
		return
	}
	var neighbours []string
	for _, id := range s.IDs {
		if id != s.ID && id != from {
			for _, value := range fresh {
				s.missing[id][value] = true
			}
			neighbours = append(neighbours, id)
		}
	}
	s.mu.Unlock()
	for _, id := range neighbours {
		go s.tell(id, fresh)
	}
}

func (s *server) broadcast(request node.Message) error {
	var body struct {
		Message int `json:"message"`
	}
	if err := json.Unmarshal(request.Body, &body); err != nil {
		return err
	}
	s.learn([]int{body.Message}, request.Src)
	return s.Reply(request, map[string]any{"type": "broadcast_ok"})
}

func (s *server) gossip(request node.Message) error {
	var body struct {
		Values []int `json:"values"`
	}
	if err := json.Unmarshal(request.Body, &body); err != nil {
		return err
	}
	s.learn(body.Values, request.Src)
	return s.Reply(request, map[string]any{"type": "gossip_ok"})
}

func (s *server) read(request node.Message) error {
	s.mu.Lock()
	values := append([]int{}, s.values...)
	s.mu.Unlock()
	return s.Reply(request, map[string]any{"type": "read_ok", "messages": values})
}
