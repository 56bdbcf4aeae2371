// Package node is a Maelstrom node in the usual Go style: a goroutine for each
// message, a mutex around what they share, calls that wait under a context.
package node

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sync"
)

// Message is a line of the protocol.
type Message struct {
	Src  string          `json:"src"`
	Dest string          `json:"dest"`
	Body json.RawMessage `json:"body"`
}

// Header has the reserved fields of a body.
type Header struct {
	Type      string `json:"type"`
	MsgID     int    `json:"msg_id,omitempty"`
	InReplyTo int    `json:"in_reply_to,omitempty"`
	Code      int    `json:"code,omitempty"`
	Text      string `json:"text,omitempty"`
}

// RPCError is an error that came as a reply.
type RPCError struct {
	Code int
	Text string
}

func (e *RPCError) Error() string { return fmt.Sprintf("error %d: %s", e.Code, e.Text) }

// Handler answers a request.
type Handler func(request Message) error

// Node is this node.
type Node struct {
	ID  string
	IDs []string

	mu       sync.Mutex
	out      sync.Mutex
	nextID   int
	handlers map[string]Handler
	replies  map[int]chan Message
	onInit   func()
}

// New is a node without a name yet.
func New() *Node {
	return &Node{handlers: map[string]Handler{}, replies: map[int]chan Message{}}
}

// Handle has requests of a type answered by handler.
func (n *Node) Handle(kind string, handler Handler) { n.handlers[kind] = handler }

// OnInit has start called when the node knows its name.
func (n *Node) OnInit(start func()) { n.onInit = start }

// Run reads messages until the input ends.
func (n *Node) Run() error {
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(make([]byte, 64<<10), 4<<20)
	for scanner.Scan() {
		var message Message
		var header Header
		if err := json.Unmarshal(scanner.Bytes(), &message); err != nil {
			return err
		}
		if err := json.Unmarshal(message.Body, &header); err != nil {
			return err
		}
		log.Printf("received %s", scanner.Text())
		switch {
		case header.InReplyTo != 0:
			n.mu.Lock()
			reply := n.replies[header.InReplyTo]
			delete(n.replies, header.InReplyTo)
			n.mu.Unlock()
			if reply != nil {
				reply <- message
			}
		case header.Type == "init":
			if err := n.init(message); err != nil {
				return err
			}
		default:
			handler := n.handlers[header.Type]
			if handler == nil {
				return fmt.Errorf("no handler for %s", scanner.Text())
			}
			go func() {
				if err := handler(message); err != nil {
					log.Printf("cannot answer: %v", err)
				}
			}()
		}
	}
	return scanner.Err()
}

func (n *Node) init(message Message) error {
	var body struct {
		NodeID  string   `json:"node_id"`
		NodeIDs []string `json:"node_ids"`
	}
	if err := json.Unmarshal(message.Body, &body); err != nil {
		return err
	}
	n.ID, n.IDs = body.NodeID, body.NodeIDs
	if n.onInit != nil {
		n.onInit()
	}
	return n.Reply(message, map[string]any{"type": "init_ok"})
}

// Reply answers request.
func (n *Node) Reply(request Message, body map[string]any) error {
	var header Header
	if err := json.Unmarshal(request.Body, &header); err != nil {
		return err
	}
	body["in_reply_to"] = header.MsgID
	return n.Send(request.Src, body)
}

// Send sends body to dest. Like Maelstrom's own library it writes the newline by itself.
func (n *Node) Send(dest string, body map[string]any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	line, err := json.Marshal(Message{Src: n.ID, Dest: dest, Body: encoded})
	if err != nil {
		return err
	}
	n.out.Lock()
	defer n.out.Unlock()
	log.Printf("sent %s", line)
	if _, err = os.Stdout.Write(line); err != nil {
		return err
	}
	_, err = os.Stdout.Write([]byte{'\n'})
	return err
}

// Call sends a request and waits for the reply until ctx is done.
func (n *Node) Call(ctx context.Context, dest string, body map[string]any) (Message, error) {
	reply := make(chan Message, 1)
	n.mu.Lock()
	n.nextID++
	id := n.nextID
	n.replies[id] = reply
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		delete(n.replies, id)
		n.mu.Unlock()
	}()
	body["msg_id"] = id
	if err := n.Send(dest, body); err != nil {
		return Message{}, err
	}
	select {
	case message := <-reply:
		var header Header
		if err := json.Unmarshal(message.Body, &header); err != nil {
			return message, err
		}
		if header.Type == "error" {
			return message, &RPCError{header.Code, header.Text}
		}
		return message, nil
	case <-ctx.Done():
		return Message{}, ctx.Err()
	}
}
