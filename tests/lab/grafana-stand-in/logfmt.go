package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// logger writes Grafana's console format: logger=… t=… level=… msg=… key=value.
type logger string

var logMutex sync.Mutex

func (l logger) line(level, msg string, pairs ...any) {
	var b strings.Builder
	fmt.Fprintf(&b, "logger=%s t=%s level=%s msg=%s", string(l), time.Now().UTC().Format(time.RFC3339Nano), level, quoted(msg))
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, " %v=%s", pairs[i], quoted(fmt.Sprint(pairs[i+1])))
	}
	logMutex.Lock()
	defer logMutex.Unlock()
	fmt.Fprintln(os.Stdout, b.String())
}

func (l logger) info(msg string, pairs ...any)  { l.line("info", msg, pairs...) }
func (l logger) warn(msg string, pairs ...any)  { l.line("warn", msg, pairs...) }
func (l logger) error(msg string, pairs ...any) { l.line("error", msg, pairs...) }

func quoted(s string) string {
	if s == "" || strings.ContainsAny(s, " =\"\\\n\t\r") {
		return strconv.Quote(s)
	}
	return s
}
