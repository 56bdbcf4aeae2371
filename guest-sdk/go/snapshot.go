package maelstrom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// snapshot is the whole state as JSON.
type snapshot struct {
	SDK          string          `json:"sdk"`
	StateVersion int             `json:"state_version"`
	Node         json.RawMessage `json:"node"`
	Context      *context        `json:"context"`
}

const sdk = "go"

// Snapshot is the state, or null before init.
func (n *Node) Snapshot() []byte {
	if n.at.ID == "" {
		return []byte("null")
	}
	state, err := json.Marshal(n.state)
	n.fail("the state cannot be written", err)
	text, err := json.Marshal(snapshot{sdk, n.StateVersion, state, &n.at})
	n.fail("the state cannot be written", err)
	return text
}

// Restore continues from a snapshot, before the first event. On an error nothing has changed.
func (n *Node) Restore(text []byte) error {
	if n.at.ID != "" {
		return errors.New("the node runs already")
	}
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	read := snapshot{Context: &context{Calls: map[uint64]*call{}, Timers: map[uint64]timer{}}}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	if read.SDK != sdk || read.Context == nil || read.Context.ID == "" {
		return errors.New("it is not of this package")
	}
	if read.StateVersion != n.StateVersion {
		return fmt.Errorf("state version %d, this module continues from %d", read.StateVersion, n.StateVersion)
	}
	for id, called := range read.Context.Calls {
		if called == nil {
			return fmt.Errorf("call %d is null", id)
		}
		if _, exists := n.responses[called.Name]; !exists {
			return fmt.Errorf("a call is in flight for HandleResponse(%q), which this module does not have", called.Name)
		}
	}
	for _, set := range read.Context.Timers {
		if _, exists := n.timers[set.Name]; !exists && set.Call == 0 {
			return fmt.Errorf("a timer is set for HandleTimer(%q), which this module does not have", set.Name)
		}
	}
	if n.state != nil {
		// Read into another value first: half of a state that does not fit must not stay. What the snapshot does not have is as the
		// node has begun.
		state := reflect.ValueOf(n.state).Elem()
		begun := reflect.New(state.Type())
		begun.Elem().Set(state)
		if err := json.Unmarshal(read.Node, begun.Interface()); err != nil {
			return err
		}
		state.Set(begun.Elem())
	}
	n.at = *read.Context
	return nil
}
