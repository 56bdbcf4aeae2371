package maelstrom

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"unicode/utf8"
)

// Disk has the files of the node, which outlive its process. They are read while the function given to Init runs; from then on the
// node's state is the truth, and the disk is only written.
//
// A change is visible at once, and durable after a sync. If the machine loses its power, changes that were not synced may be lost,
// and one may be torn. A node must not speak of what it may forget: while there are changes that are not synced, the package puts a
// sync before every message, and what comes behind it in the step happens when the disk has answered. So to have one sync for many
// requests, change the disk for each and answer all at once. What was read counts as a change, since a node that was killed finds
// what it never synced.
//
// A name of a file has 1 to 255 bytes, is neither "." nor "..", and has no slash and no NUL. Other names, and a disk beyond the limits
// of the host, fail the step.
type Disk struct {
	node        *Node
	withoutSync bool
}

// Disk is the node's.
func (n *Node) Disk() Disk { return Disk{node: n} }

// WithoutSync is the same disk, for what messages need not wait for: it is durable some time later, or lost.
func (d Disk) WithoutSync() Disk { return Disk{d.node, true} }

// Sync makes all changes durable before what follows in this step happens. If the disk fails, that does not happen, and the function
// given to SyncFailed is called.
func (d Disk) Sync() {
	d.node.at.Unsynced = true
	d.node.syncIfDue()
}

// IsSynced is whether no message has to wait: every change so far is durable, or behind it in this step stands a sync.
func (d Disk) IsSynced() bool { return !d.node.at.Unsynced }

// SyncFailure is why a sync has failed.
type SyncFailure string

const (
	// DiskFull is no room. What was not durable still is not, and a later sync may succeed.
	DiskFull SyncFailure = "full"
	// DiskError is that of a disk that has failed: what was not durable may be lost, even if a later sync succeeds. Any other reason
	// means as much.
	DiskError SyncFailure = "error"
)

func readSyncFailure(failed []byte) SyncFailure {
	why := DiskError
	eachField(failed, func(name string, value []byte) {
		if reason := SyncFailure(stringOf(value)); name == "reason" && reason != "" {
			why = reason
		}
	})
	return why
}

// SyncFailed registers what is done when a sync has failed; nothing behind it in its step has happened: no message, no timer, no change.
// A log whose end on the disk is in doubt has to be replaced before it is used again: one that was changed behind a sync of that step, and
// every log unless the disk was full. Without SyncFailed the node panics, and its next start finds what is durable.
func (n *Node) SyncFailed(fn func(why SyncFailure) error) { n.syncFailed = fn }

// PutBytes replaces a file. After a crash it has all of the bytes, or is as before.
func (d Disk) PutBytes(file string, content []byte) { d.change("put", file, "", content) }

// AppendBytes writes to the end of a file, which is made if there is none.
func (d Disk) AppendBytes(file string, content []byte) { d.change("append", file, "", content) }

// WriteBytes writes from the offset on. The file is made if there is none, and filled with zeros up to there.
func (d Disk) WriteBytes(file string, at uint64, content []byte) {
	d.change("write", file, fmt.Sprintf(`,"at":%d`, at), content)
}

// Truncate cuts a file to a length, or fills it with zeros up to there. It is made if there is none.
func (d Disk) Truncate(file string, length uint64) {
	d.begin("truncate", "file", file)
	fmt.Fprintf(&d.node.output, `,"len":%d`, length)
	d.end()
}

// Rename gives a file another name; one that has it is replaced. To rename a file that does not exist fails the step.
func (d Disk) Rename(from, to string) {
	d.begin("rename", "from", from)
	d.node.output.WriteString(`,"to":`)
	d.node.writeString(to)
	d.end()
}

// Remove removes a file, if there is one.
func (d Disk) Remove(file string) {
	d.begin("remove", "file", file)
	d.end()
}

func (d Disk) begin(kind, key, file string) {
	fmt.Fprintf(&d.node.output, `{"%s":{"%s":`, kind, key)
	d.node.writeString(file)
}

func (d Disk) end() {
	d.node.output.WriteString("}}\n")
	d.node.at.Unsynced = d.node.at.Unsynced || !d.withoutSync
}

func (d Disk) change(kind, file, at string, content []byte) {
	d.begin(kind, "file", file)
	d.node.output.WriteString(at)
	if utf8.Valid(content) {
		d.node.output.WriteString(`,"text":`)
		d.node.writeString(string(content))
	} else {
		d.node.output.WriteString(`,"base64":"`)
		d.node.output.WriteString(base64.StdEncoding.EncodeToString(content))
		d.node.output.WriteByte('"')
	}
	d.end()
}

var errReadLate = errors.New("the disk is read in the function given to Init only: keep in the state what the node has to know")

// Files are the names of all files that there were, sorted.
func (d Disk) Files() ([]string, error) {
	if d.node.survived == nil {
		return nil, errReadLate
	}
	names := []string{}
	for name := range d.node.survived {
		names = append(names, name)
	}
	sort.Strings(names)
	d.relyOn(len(names) > 0)
	return names, nil
}

// Bytes are those of a file as it was. The error of one that does not exist is fs.ErrNotExist.
func (d Disk) Bytes(file string) ([]byte, error) {
	if d.node.survived == nil {
		return nil, errReadLate
	}
	content, exists := d.node.survived[file]
	if !exists {
		return nil, fmt.Errorf("the file %q: %w", file, fs.ErrNotExist)
	}
	d.relyOn(true)
	var read []byte
	var err error
	eachField(content, func(name string, value []byte) {
		switch name {
		case "text":
			read = unquoted(value)
		case "base64":
			read, err = base64.StdEncoding.AppendDecode(nil, unquoted(value))
		}
	})
	return read, err
}

// relyOn has the next message wait for what was read.
func (d Disk) relyOn(hasRead bool) {
	d.node.at.Unsynced = d.node.at.Unsynced || (hasRead && !d.withoutSync)
}

// Put keeps a value: a file of one record. After a crash the file has all of the new value, or is as before.
func (d Disk) Put(file string, value any) error {
	line, _, err := appendRecord(nil, 0, value)
	if err == nil {
		d.PutBytes(file, line)
	}
	return err
}

// Get reads a value that Put has kept. The error of a file that does not exist is fs.ErrNotExist.
func (d Disk) Get(file string, value any) error {
	content, err := d.Bytes(file)
	if err != nil {
		return err
	}
	record, _ := readRecord(content, 0)
	if record == nil || len(record)+recordHead+1 != len(content) {
		return fmt.Errorf("the file %q is damaged", file)
	}
	if err := json.Unmarshal(record, value); err != nil {
		return fmt.Errorf("the value in the file %q does not fit: %w", file, err)
	}
	return nil
}

// syncIfDue makes what the disk has to keep durable before a message that may tell of it.
func (n *Node) syncIfDue() {
	if n.at.Unsynced {
		n.output.WriteString("{\"sync\":{}}\n")
		n.at.Unsynced = false
		n.hasSynced = true
	}
}

// find notes which files there were, none before init.
func (n *Node) find(disk []byte) {
	n.survived = map[string]json.RawMessage{}
	eachField(disk, func(name string, content []byte) { n.survived[name] = content })
}
