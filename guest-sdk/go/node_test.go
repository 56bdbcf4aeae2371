package maelstrom

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// tried is a node that uses all that there is.
type tried struct {
	node  *Node
	state struct {
		Sum     int64   `json:"sum"`
		Waiting *Caller `json:"waiting"`
	}
	heard []string
	timer uint64
}

func newTried() *tried {
	t := &tried{node: NewNode()}
	n := t.node
	n.State(&t.state)
	n.Init(func() error { n.Handle("late", func(Message) error { return nil }); return nil })
	n.HandleTimer("remind", func(data json.RawMessage) error {
		t.heard = append(t.heard, "remind "+string(data))
		return n.ReplyTo(*t.state.Waiting, map[string]any{"type": "remind_ok"})
	})
	n.HandleResponse("sum", func(r Response) error {
		err := "no error"
		if r.Err != nil {
			err = r.Err.Error()
		}
		t.heard = append(t.heard, fmt.Sprintf("%s %s %s", r.Data, r.Type(), err))
		return nil
	})
	n.Handle("remind", func(msg Message) (err error) {
		from := msg.Caller()
		t.state.Waiting = &from
		t.timer, err = n.SetTimer(5*time.Second, "remind", "<&>")
		return err
	})
	n.Handle("forget", func(msg Message) error {
		n.CancelTimer(t.timer)
		n.CancelTimer(t.timer)
		return n.Reply(msg, map[string]any{"type": "forget_ok", "text": "<&>\x00\"", "max": uint64(math.MaxUint64)})
	})
	n.Handle("ask", func(Message) error {
		return n.RPC(SeqKV, map[string]any{"type": "read", "key": "sum"}, Times(2, 100*time.Millisecond), "sum", 9)
	})
	n.Handle("fail", func(Message) error { return NewRPCError(Abort, "no") })
	n.Handle("crash", func(Message) error { return fmt.Errorf("oh") })
	return t
}

const begun = `{"send":{"src":"n2","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}}` + "\n"

func start(test *testing.T) *tried {
	t := newTried()
	t.event(test, message("c0", `{"type":"init","msg_id":1,"node_id":"n2","node_ids":["n1","n2"]}`), begun)
	return t
}

func message(src, body string) string {
	return fmt.Sprintf(`{"now_ns":5000,"message":{"id":1,"src":%q,"dest":"n2","body":%s}}`, src, body)
}

func (t *tried) event(test *testing.T, event, wanted string) {
	test.Helper()
	if got := string(t.node.Step([]byte(event))); got != wanted {
		test.Fatalf("%s: got\n%sinstead of\n%s", event, got, wanted)
	}
}

func (t *tried) hears(test *testing.T, wanted ...string) {
	test.Helper()
	if got := strings.Join(t.heard, ", "); got != strings.Join(wanted, ", ") {
		test.Fatalf("heard %s", got)
	}
	t.heard = nil
}

func TestConversation(test *testing.T) {
	t := start(test)
	t.event(test, message("c1", `{"type":"remind","msg_id":18446744073709551615}`), `{"set_timer":{"id":1,"after_ns":5000000000}}`+"\n")
	t.event(test, message("c2", `{"type":"forget","msg_id":3}`), `{"cancel_timer":{"id":1}}
{"send":{"src":"n2","dest":"c2","body":{"max":18446744073709551615,"text":"<&>\u0000\"","type":"forget_ok","in_reply_to":3}}}
`)
	t.event(test, `{"now_ns":6000,"timer":{"id":1}}`, "")
	t.event(test, message("c1", `{"type":"remind","msg_id":18446744073709551615}`), `{"set_timer":{"id":2,"after_ns":5000000000}}`+"\n")
	t.event(test, `{"now_ns":6000,"timer":{"id":2}}`, `{"send":{"src":"n2","dest":"c1","body":{"type":"remind_ok","in_reply_to":18446744073709551615}}}`+"\n")
	t.hears(test, `remind "\u003c\u0026\u003e"`)
	t.event(test, message("c1", `{"type":"fail","msg_id":4}`), `{"send":{"src":"n2","dest":"c1","body":{"code":14,"text":"no","type":"error","in_reply_to":4}}}`+"\n")
	t.event(test, message("c1", `{"type":"crash","msg_id":4}`), `{"send":{"src":"n2","dest":"c1","body":{"code":13,"text":"oh","type":"error","in_reply_to":4}}}`+"\n")
	t.event(test, message("c1", `{"type":"crash"}`), "")
	t.event(test, `{"now_ns":6000,"other":{"reason":"full"}}`, "")
}

const asked = `{"send":{"src":"n2","dest":"seq-kv","body":{"key":"sum","type":"read","msg_id":6}}}` + "\n"

func ask(test *testing.T) *tried {
	t := start(test)
	t.event(test, message("c1", `{"type":"ask"}`), asked+`{"set_timer":{"id":1,"after_ns":100000000}}`+"\n")
	return t
}

func TestCallsEnd(test *testing.T) {
	t := ask(test)
	t.event(test, message("seq-kv", `{"type":"read_ok","in_reply_to":6,"value":1}`), `{"cancel_timer":{"id":1}}`+"\n")
	t.hears(test, "9 read_ok no error")
	t.event(test, message("seq-kv", `{"type":"read_ok","in_reply_to":6,"value":1}`), "")
	t = ask(test)
	t.event(test, message("seq-kv", `{"type":"error","in_reply_to":6,"code":20,"text":"none"}`), `{"cancel_timer":{"id":1}}`+"\n")
	t.hears(test, "9 error error 20: none")
	t = ask(test)
	t.event(test, message("seq-kv", `{"type":"error","in_reply_to":6,"code":11,"text":"wait"}`), "")
	again := string(t.node.Step([]byte(`{"now_ns":6000,"timer":{"id":1}}`)))
	if !strings.HasPrefix(again, asked+`{"set_timer":{"id":2,"after_ns":2`) {
		test.Fatal(again)
	}
	t.event(test, `{"now_ns":6000,"timer":{"id":2}}`, "")
	t.hears(test, "9  error 0: no answer from seq-kv")
}

func TestSnapshots(test *testing.T) {
	t := ask(test)
	t.state.Sum = math.MinInt64
	t.event(test, message("c1", `{"type":"remind","msg_id":9}`), `{"set_timer":{"id":2,"after_ns":5000000000}}`+"\n")
	text := string(t.node.Snapshot())
	wanted := `{"sdk":"go","state_version":1,"node":{"sum":-9223372036854775808,"waiting":{"node":"c1","msg_id":9}},"context":{"now_ns":5000,` +
		`"id":"n2","node_ids":["n1","n2"],"next_msg_id":7,"next_timer":3,"calls":{"6":{"dest":"seq-kv","body":{"key":"sum","type":"read",` +
		`"msg_id":6},"name":"sum","data":9,"retry":{"first":100000000,"max":800000000,"attempts":2},"attempt":0,"timer":1}},` +
		`"timers":{"1":{"call":6},"2":{"name":"remind","data":"\u003c\u0026\u003e"}}}}`
	if text != wanted {
		test.Fatal(text)
	}
	next := newTried()
	if err := next.node.Restore([]byte(text)); err != nil {
		test.Fatal(err)
	}
	if again := string(next.node.Snapshot()); again != wanted {
		test.Fatal(again)
	}
	next.event(test, `{"now_ns":6000,"timer":{"id":2}}`, `{"send":{"src":"n2","dest":"c1","body":{"type":"remind_ok","in_reply_to":9}}}`+"\n")
	next.event(test, message("seq-kv", `{"type":"read_ok","in_reply_to":6,"value":1}`), `{"cancel_timer":{"id":1}}`+"\n")
	next.hears(test, `remind "\u003c\u0026\u003e"`, "9 read_ok no error")

	replace := func(old, new string) string { return strings.Replace(wanted, old, new, 1) }
	for text, why := range map[string]string{
		"{}":                                  "it is not of this package",
		"null ":                               "it is not of this package",
		"x":                                   "invalid character",
		replace(`"go"`, `"c"`):                "it is not of this package",
		replace("version\":1", "version\":2"): "state version 2, this module continues from 1",
		replace(`"sum":-`, `"sum":1.5e`):      "cannot unmarshal",
		replace(`"name":"sum"`, `"name":"x"`): `HandleResponse("x")`,
		replace(`"remind"`, `"y"`):            `HandleTimer("y")`,
	} {
		refused := newTried()
		refused.state.Sum = 5
		err := refused.node.Restore([]byte(text))
		if err == nil || !strings.Contains(err.Error(), why) || refused.state.Sum != 5 || refused.node.ID() != "" {
			test.Fatalf("%s: %v", text, err)
		}
	}
}
