package main

import (
	"html/template"
	"net/http"
	"sort"
)

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Stand-in for Grafana</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1b1f24}
strong{background:#ffe9a8;padding:0 .2em}</style>
<h1>This is not Grafana</h1>
<p><strong>This is the mcpmon lab's stand-in for Grafana.</strong> It reads the provisioned data sources and dashboards and answers the API calls that
mcpmon makes. It draws nothing.</p>
{{if .SignedIn}}<h2>Dashboards</h2><ul>{{range .Titles}}<li>{{.}}</li>{{else}}<li>none</li>{{end}}</ul>
{{else}}<p><a href="/?login">Sign in</a> to see the titles of the dashboards.</p>{{end}}</html>
`))

func (s *server) loginPage(w http.ResponseWriter, _ *http.Request) { s.render(w, nil, false) }

// homePage sends strangers to the login page, as Grafana does; "?login" makes a browser ask for the credentials.
func (s *server) homePage(w http.ResponseWriter, r *http.Request) {
	if _, refused := s.caller(r); refused != "" {
		if r.URL.RawQuery == "login" {
			w.Header().Set("WWW-Authenticate", `Basic realm="stand-in for Grafana"`)
			fail(w, 401, refused)
			return
		}
		http.Redirect(w, r, "/login", http.StatusFound)
		return
	}
	titles := []string{}
	s.store.mu.Lock()
	for _, d := range s.store.Dashboards {
		titles = append(titles, d.Title)
	}
	s.store.mu.Unlock()
	sort.Strings(titles)
	s.render(w, titles, true)
}

func (s *server) render(w http.ResponseWriter, titles []string, signedIn bool) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	_ = page.Execute(w, map[string]any{"Titles": titles, "SignedIn": signedIn})
}
