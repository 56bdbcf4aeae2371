// A grow-only set that keeps its elements in a log, which it reads when it starts. An element is
// answered for when it is durable; with the argument "unsynced" it is answered for at once.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"programs/node"
)

const (
	path        = "/log"
	gossipEvery = 200 * time.Millisecond
)

type server struct {
	*node.Node
	mu       sync.Mutex
	file     *os.File
	isSynced bool
	elements map[int]bool
}

func main() {
	s := &server{
		Node:     node.New(),
		isSynced: !slices.Contains(os.Args[1:], "unsynced"),
		elements: map[int]bool{},
	}
	if err := s.recover(); err != nil {
		log.Fatal(err)
	}
	s.OnInit(func() { go s.gossip() })
	s.Handle("add", s.add)
	s.Handle("merge", s.merge)
	s.Handle("read", s.read)
	if err := s.Run(); err != nil {
		log.Fatal(err)
	}
}

// recover reads the log. A line without its end was never answered for: it is cut off.
func (s *server) recover() error {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	for line := range bytes.Lines(whole) {
		element, err := strconv.Atoi(string(bytes.TrimSuffix(line, []byte("\n"))))
		if err != nil {
			log.Printf("a damaged line: %q", line)
			continue
		}
		s.elements[element] = true
	}
	log.Printf("%d elements in the log", len(s.elements))
	s.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	return s.file.Truncate(int64(len(whole)))
}

// keep adds elements to the log, and makes it durable if there is a new one.
func (s *server) keep(elements ...int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []byte
	for _, element := range elements {
		if !s.elements[element] {
			lines = append(strconv.AppendInt(lines, int64(element), 10), '\n')
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if _, err := s.file.Write(lines); err != nil {
		log.Fatal(err) // some of the lines may be there: only a new start can tell
	}
	if s.isSynced {
		if err := s.file.Sync(); err != nil {
			log.Fatal(err) // what was written may be gone: only a new start can tell
		}
	}
	for _, element := range elements {
		s.elements[element] = true
	}
	return nil
}

func (s *server) all() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]int, 0, len(s.elements))
	for element := range s.elements {
		all = append(all, element)
	}
	slices.Sort(all)
	return all
}

func (s *server) add(request node.Message) error {
	var body struct {
		Element int `json:"element"`
	}
	if err := json.Unmarshal(request.Body, &body); err != nil {
		return err
	}
	if err := s.keep(body.Element); err != nil {
		return err
	}
	return s.Reply(request, map[string]any{"type": "add_ok"})
}

func (s *server) merge(request node.Message) error {
	var body struct {
		Elements []int `json:"elements"`
	}
	if err := json.Unmarshal(request.Body, &body); err != nil {
		return err
	}
	return s.keep(body.Elements...)
}

func (s *server) read(request node.Message) error {
	return s.Reply(request, map[string]any{"type": "read_ok", "value": s.all()})
}

// gossip tells everyone all there is, again and again.
func (s *server) gossip() {
	for range time.Tick(gossipEvery) {
		all := s.all()
		for _, id := range s.IDs {
			if id == s.ID || len(all) == 0 {
				continue
			}
			if err := s.Send(id, map[string]any{"type": "merge", "elements": all}); err != nil {
				log.Printf("cannot gossip: %v", err)
			}
		}
	}
}
