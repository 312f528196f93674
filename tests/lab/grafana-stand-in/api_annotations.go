package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// annotation is a mark on the time axis of every dashboard that asks for one of its tags.
type annotation struct {
	ID   int64    `json:"id"`
	Time int64    `json:"time"`    // milliseconds
	End  int64    `json:"timeEnd"` // the same as Time where it has no length
	Tags []string `json:"tags"`
	Text string   `json:"text"`
}

func (s *server) addAnnotation(w http.ResponseWriter, r *http.Request) {
	var a annotation
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		fail(w, 400, "bad request data")
		return
	}
	if strings.TrimSpace(a.Text) == "" {
		fail(w, 400, "Failed to save annotation")
		return
	}
	if a.Time == 0 {
		a.Time = time.Now().UnixMilli()
	}
	if a.End == 0 {
		a.End = a.Time
	}
	if a.End < a.Time {
		fail(w, 400, "Failed to save annotation")
		return
	}
	if a.Tags == nil {
		a.Tags = []string{}
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	a.ID = s.store.id()
	s.store.Annotations = append(s.store.Annotations, a)
	s.saved(w, func() { answer(w, 200, map[string]any{"message": "Annotation added", "id": a.ID}) })
}

// findAnnotations answers the newest first. Several tags must all be there, unless matchAny is asked for.
func (s *server) findAnnotations(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit := positive(q.Get("limit"), 100)
	from, _ := strconv.ParseInt(q.Get("from"), 10, 64)
	to, _ := strconv.ParseInt(q.Get("to"), 10, 64)
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	list := []annotation{}
	for i := len(s.store.Annotations) - 1; i >= 0 && len(list) < limit; i-- {
		a := s.store.Annotations[i]
		inside := from == 0 || to == 0 || (a.Time <= to && a.End >= from)
		if inside && tagged(a.Tags, q["tags"], q.Get("matchAny") == "true") {
			list = append(list, a)
		}
	}
	answer(w, 200, list)
}

func tagged(tags, wanted []string, matchAny bool) bool {
	found := 0
	for _, tag := range wanted {
		if contains(tags, tag) {
			found++
		}
	}
	return found == len(wanted) || (matchAny && found > 0)
}
