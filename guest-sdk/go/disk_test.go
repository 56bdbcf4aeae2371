package maelstrom

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// kept is a node with a disk: the function that is named by the request changes it.
type kept struct {
	tried
	read    []string
	opens   func() error
	changes func(disk Disk) error
}

const synced = `{"sync":{}}` + "\n"

func newKept(opens func(k *kept) error) *kept {
	k := &kept{tried: tried{node: NewNode()}}
	k.opens = func() error { return opens(k) }
	k.node.State(&k.state)
	k.node.Init(func() error { return k.opens() })
	k.node.Handle("change", func(msg Message) error {
		if err := k.changes(k.node.Disk()); err != nil {
			return err
		}
		for _, kind := range []string{"change_ok", "again"} {
			if err := k.node.Reply(msg, map[string]any{"type": kind}); err != nil {
				return err
			}
		}
		return nil
	})
	return k
}

// begins has the node start with these files, and end its start with these effects.
func (k *kept) begins(test *testing.T, disk, effects string) *kept {
	test.Helper()
	init := message("c0", `{"type":"init","msg_id":1,"node_id":"n2","node_ids":["n1","n2"]}`)
	k.event(test, strings.TrimSuffix(init, "}")+`,"disk":`+disk+"}", effects)
	return k
}

// does has a request change the disk, with these effects before the two answers.
func (k *kept) does(test *testing.T, effects string, changes func(disk Disk) error) {
	test.Helper()
	k.changes = changes
	answers := ""
	for _, kind := range []string{"change_ok", "again"} {
		answers += fmt.Sprintf(`{"send":{"src":"n2","dest":"c1","body":{"type":"%s","in_reply_to":2}}}`, kind) + "\n"
	}
	k.event(test, message("c1", `{"type":"change","msg_id":2}`), effects+answers)
}

func (k *kept) log() Log { return k.node.Disk().Log("log") }

func opensLog(k *kept) error {
	return k.log().Open(func(record json.RawMessage) error {
		k.read = append(k.read, string(record))
		return nil
	})
}

// change is an effect that changes the file `log`.
func change(kind, rest string) string {
	return fmt.Sprintf(`{"%s":{"file":"log",%s}}`, kind, rest) + "\n"
}

// The checksums are those of zlib.crc32 in Python, over the JSON of all records so far.
const (
	record1 = `84b12bae 5\n`
	record2 = `59235dfa {\"n\":\"\\n\"}\n`
)

func TestMessagesWaitForTheDisk(test *testing.T) {
	k := newKept(opensLog).begins(test, "{}", begun)
	append5 := func(Disk) error { return k.log().Append(5) }
	k.does(test, change("append", `"text":"`+record1+`"`)+synced, append5)
	k.does(test, change("append", `"text":"`+record2+`d98013f1 5\n"`)+synced, func(disk Disk) error {
		err := k.log().Append(map[string]string{"n": "\n"}, 5)
		if disk.IsSynced() || k.log().Len() != 3 {
			test.Error("it has three records, two of them not synced")
		}
		return err
	})
	k.does(test, "", func(disk Disk) error {
		if !disk.IsSynced() {
			test.Error("all is synced")
		}
		return k.log().Append()
	})
	k.does(test, change("append", `"text":"4ed26937 5\n"`), func(disk Disk) error {
		return disk.WithoutSync().Log("log").Append(5)
	})
	k.does(test, change("truncate", `"len":11`)+synced, func(disk Disk) error {
		k.log().Truncate(1)
		k.log().Truncate(1)
		disk.Sync()
		return nil
	})
	k.does(test, change("append", `"text":"`+record2+`"`)+synced, func(Disk) error {
		return k.log().Append(map[string]string{"n": "\n"})
	})
	k.does(test, change("put", `"text":"`+record1+`"`)+synced, func(Disk) error { return k.log().Replace(5) })
	k.does(test, change("put", `"text":""`)+synced, func(Disk) error { return k.log().Replace() })
	k.does(test, change("append", `"text":"`+record1+`"`)+synced, append5)
	k.does(test, "", func(Disk) error {
		if err := k.log().Append(1, func() {}); err == nil || k.log().Len() != 1 {
			test.Error("a function is no record, and nothing is kept of what came with it")
		}
		return nil
	})
	// Nobody wants an answer, so nothing is synced before the next message.
	k.changes = func(Disk) error { k.log().Truncate(0); return nil }
	k.event(test, message("c1", `{"type":"change"}`), change("truncate", `"len":0`))
	k.does(test, synced, func(Disk) error { return nil })
}

func TestBytes(test *testing.T) {
	k := newKept(func(k *kept) error {
		disk := k.node.Disk()
		names, err := disk.Files()
		if got := strings.Join(names, ","); err != nil || got != `a"b,c` {
			test.Error(got, err)
		}
		content, err := disk.Bytes(`a"b`)
		if got := string(content); err != nil || got != "\xff\x0f\xfe\x00a" {
			test.Errorf("%q %v", got, err)
		}
		_, err = disk.Bytes("d")
		if !errors.Is(err, fs.ErrNotExist) {
			test.Error(err)
		}
		return nil
	})
	k.begins(test, `{"a\"b":{"base64":"/w/+AGE="},"c":{"text":""}}`, synced+begun)
	k.does(test, `{"put":{"file":"f","base64":"/wA="}}
{"append":{"file":"f","text":"a\u003c\n"}}
{"write":{"file":"f","at":18446744073709551615,"text":""}}
{"truncate":{"file":"f","len":7}}
{"rename":{"from":"f","to":"é"}}
{"remove":{"file":"f"}}
`+synced, func(disk Disk) error {
		disk.PutBytes("f", []byte{255, 0})
		disk.AppendBytes("f", []byte("a<\n"))
		disk.WriteBytes("f", 18446744073709551615, nil)
		disk.Truncate("f", 7)
		disk.Rename("f", "é")
		disk.Remove("f")
		if _, err := disk.Bytes("c"); err == nil || errors.Is(err, fs.ErrNotExist) {
			test.Error("what is read after init", err)
		}
		if _, err := disk.Files(); err == nil {
			test.Error("what is read after init")
		}
		return nil
	})
}

func TestValues(test *testing.T) {
	for content, wanted := range map[string]string{
		record1:            "5 <nil>",
		`00000000 5\n`:     `0 the file "vote" is damaged`,
		record1 + record1:  `0 the file "vote" is damaged`,
		"":                 `0 the file "vote" is damaged`,
		"0123456789":       `0 the file "vote" is damaged`,
		`f60ef986 \"x\"\n`: `0 the value in the file "vote" does not fit: json: cannot unmarshal string into Go value of type int`,
	} {
		k := newKept(func(k *kept) error {
			var vote int
			err := k.node.Disk().Get("vote", &vote)
			if got := fmt.Sprint(vote, err); got != wanted {
				test.Errorf("%s: got %s instead of %s", content, got, wanted)
			}
			if err := k.node.Disk().Get("other", &vote); !errors.Is(err, fs.ErrNotExist) {
				test.Error(err)
			}
			return nil
		})
		k.begins(test, `{"vote":{"text":"`+content+`"}}`, synced+begun)
		k.does(test, `{"put":{"file":"vote","text":"`+record1+`"}}`+"\n"+synced, func(disk Disk) error { return disk.Put("vote", 5) })
	}
}

func TestALogEndsBeforeWhatIsTorn(test *testing.T) {
	begin := len("84b12bae 5\n")
	for torn, length := range map[string]int{
		"":                                0,
		strings.TrimSuffix(record2, `\n`): begin + len(`59235dfa {"n":"\n"}`),
		strings.ToUpper(record2[:8]) + record2[8:]: begin + len(`59235dfa {"n":"\n"}`) + 1,
		record1:            2 * begin,
		`\n`:               begin + 1,
		`\u0000\u0000`:     begin + 2,
		record2[:8] + `\n`: begin + 9,
	} {
		effects := synced + begun
		if torn != "" {
			effects = fmt.Sprintf(`{"log":{"level":"warn","text":"the log \"log\" is torn or damaged behind record 1: 11 of %d bytes are kept"}}`, length) +
				"\n" + change("truncate", `"len":11`) + effects
		}
		k := newKept(opensLog).begins(test, `{"log":{"text":"`+record1+torn+`"}}`, effects)
		if len(k.read) != 1 || k.read[0] != "5" {
			test.Fatalf("%s: %q", torn, k.read)
		}
		k.does(test, change("append", `"text":"`+record2+`"`)+synced, func(Disk) error {
			return k.log().Append(map[string]string{"n": "\n"})
		})
	}
	whole := newKept(opensLog).begins(test, `{"log":{"text":"`+record1+record2+`"}}`, synced+begun)
	if len(whole.read) != 2 || whole.read[1] != `{"n":"\n"}` {
		test.Fatalf("%q", whole.read)
	}
}

func TestAFailedSync(test *testing.T) {
	k := newKept(opensLog).begins(test, "{}", begun)
	k.node.SyncFailed(func(why SyncFailure) error { k.heard = append(k.heard, string(why)); return nil })
	for _, why := range []SyncFailure{DiskFull, DiskError} {
		k.event(test, fmt.Sprintf(`{"now_ns":6000,"sync_failed":{"reason":%q}}`, why), "")
	}
	k.hears(test, "full", "error")
	k.does(test, synced, func(Disk) error { return nil })
	without := newKept(opensLog).begins(test, "{}", begun)
	defer func() {
		wanted := "a sync has failed (full): what was written since the last one may be lost"
		if said := recover(); said != wanted {
			test.Fatal(said)
		}
	}()
	without.node.Step([]byte(`{"now_ns":6000,"sync_failed":{"reason":"full"}}`))
	test.Fatal("it went on")
}

// Records behind a sync that failed are not on the disk, and what is written behind them would be cut off as damaged.
func TestALogThatWasChangedBehindAFailedSyncIsReplacedFirst(test *testing.T) {
	behind := synced + change("append", `"text":"b55b146a 5\n"`) + synced
	appends := func(k *kept) func(Disk) error {
		return func(disk Disk) error { disk.Sync(); return k.log().Append(5) }
	}
	begins := func() *kept {
		k := newKept(opensLog)
		k.node.SyncFailed(func(SyncFailure) error { return nil })
		return k
	}
	fails := func(k *kept) { k.event(test, `{"now_ns":6000,"sync_failed":{"reason":"full"}}`, "") }
	ends := func(k *kept) {
		defer func() {
			if said := fmt.Sprint(recover()); !strings.HasSuffix(said, "or a sync has failed: Replace it with all records first") {
				test.Fatal(said)
			}
		}()
		_ = k.log().Append(5)
		test.Fatal("it went on")
	}
	for _, isSwapped := range []bool{false, true} {
		k := begins().begins(test, "{}", begun)
		k.does(test, change("append", `"text":"`+record1+`"`)+synced, func(Disk) error { return k.log().Append(5) })
		fails(k) // in front of that sync, it is visible as before
		k.does(test, behind, appends(k))
		if isSwapped {
			next := begins()
			if err := next.node.Restore(k.node.Snapshot()); err != nil {
				test.Fatal(err)
			}
			k = next
		}
		fails(k)
		ends(k)
		k.does(test, change("put", `"text":"`+record1+`"`)+synced, func(Disk) error { return k.log().Replace(5) })
		k.does(test, behind, appends(k))
		k.does(test, "", func(Disk) error { return nil })
		fails(k) // that sync was of a later step
		if k.log().Len() != 2 {
			test.Fatal(k.log().Len())
		}
		for _, reason := range []string{"error", "new"} { // what was in front of the sync may be lost too
			k.event(test, `{"now_ns":6000,"sync_failed":{"reason":"`+reason+`"}}`, "")
			ends(k)
			k.does(test, change("put", `"text":"`+record1+`"`)+synced, func(Disk) error { return k.log().Replace(5) })
		}
	}
}

func TestALogGoesOnBehindASwap(test *testing.T) {
	old := newKept(opensLog).begins(test, "{}", begun)
	old.changes = func(Disk) error { return old.log().Append(5) }
	old.event(test, message("c1", `{"type":"change"}`), change("append", `"text":"`+record1+`"`))
	text := string(old.node.Snapshot())
	if wanted := `,"unsynced":true,"logs":{"log":[{"at":11,"sum":2226203566}]}}}`; !strings.HasSuffix(text, wanted) {
		test.Fatal(text)
	}
	next := newKept(opensLog)
	if err := next.node.Restore([]byte(text)); err != nil {
		test.Fatal(err)
	}
	next.does(test, change("append", `"text":"`+record2+`"`)+synced, func(Disk) error {
		return next.log().Append(map[string]string{"n": "\n"})
	})
	other := newKept(func(*kept) error { return nil }).begins(test, "{}", begun)
	defer func() {
		if said := fmt.Sprint(recover()); !strings.HasPrefix(said, `the log "log" is used and where it ends is not known, because it was not opened in`) {
			test.Fatal(said)
		}
	}()
	other.log().Len()
	test.Fatal("it went on")
}

func TestEscapesInAFile(test *testing.T) {
	for text, wanted := range map[string]string{
		`a\"\\\/\b\f\n\r\t\u00e9é\ud83d\ude00\u0000`: "a\"\\/\b\f\n\r\téé😀\x00",
		`\ud83d\u0041\udc00`:                         "\ufffdA\ufffd",
		`\ud83d`:                                     "\ufffd",
		``:                                           "",
	} {
		newKept(func(k *kept) error {
			content, err := k.node.Disk().Bytes("f")
			if got := string(content); got != wanted || err != nil {
				test.Errorf("%s: got %q instead of %q; %v", text, got, wanted, err)
			}
			return nil
		}).begins(test, `{"f":{"text":"`+text+`"}}`, synced+begun)
	}
}
