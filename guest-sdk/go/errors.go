package maelstrom

import "fmt"

// Maelstrom's codes of errors. After Timeout and Crash, and codes of one's own from 1000 on, the request may have happened.
const (
	Timeout                = 0
	NodeNotFound           = 1
	NotSupported           = 10
	TemporarilyUnavailable = 11
	MalformedRequest       = 12
	Crash                  = 13
	Abort                  = 14
	KeyDoesNotExist        = 20
	KeyAlreadyExists       = 21
	PreconditionFailed     = 22
	TxnConflict            = 30
)

// RPCError is an error of Maelstrom's protocol.
type RPCError struct {
	Code int    `json:"code"`
	Text string `json:"text"`
}

// NewRPCError returns an error to answer with.
func NewRPCError(code int, text string) *RPCError { return &RPCError{code, text} }

func (e *RPCError) Error() string { return fmt.Sprintf("error %d: %s", e.Code, e.Text) }

// Maelstrom's services, for Node.RPC.
const (
	LinKV  = "lin-kv"
	SeqKV  = "seq-kv"
	LWWKV  = "lww-kv"
	LinTSO = "lin-tso"
)
