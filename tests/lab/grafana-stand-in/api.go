package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const version = "13.2.1-stand-in"

type server struct {
	config         config
	store          *store
	dashboards     *provisioner
	pluginsDropped bool
}

// role orders what a caller may do; serverAdmin is the one user of the database, never an anonymous visitor.
type role int

type roleKey struct{}

const (
	viewer role = iota + 1
	editor
	orgAdmin
	serverAdmin
)

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(need role, pattern, permission string, h http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			have, refused := s.caller(r)
			switch {
			case refused != "":
				messageID := map[bool]string{true: "auth.unauthorized", false: "password-auth.failed"}[refused == "Unauthorized"]
				answer(w, 401, map[string]any{"message": refused, "messageId": messageID, "statusCode": 401})
			case have < need:
				answer(w, 403, map[string]any{"title": "Access denied", "accessErrorId": "ACE" + newUID(),
					"message": "You'll need additional permissions to perform this action. Permissions needed: " + permission})
			default:
				h(w, r.WithContext(context.WithValue(r.Context(), roleKey{}, have)))
			}
		})
	}
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, map[string]any{"database": "ok", "version": version, "commit": "stand-in", "standIn": true})
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Ok") })
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /login", s.loginPage)
	mux.HandleFunc("GET /{$}", s.homePage)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fail(w, 404, "Not found") })
	handle(viewer, "GET /api/org", "orgs:read", s.org)
	handle(serverAdmin, "GET /api/user", "users:read", s.user)
	handle(orgAdmin, "GET /api/datasources", "datasources:read", s.listDatasources)
	handle(orgAdmin, "GET /api/datasources/uid/{uid}", "datasources:read", s.getDatasource)
	handle(orgAdmin, "PUT /api/datasources/uid/{uid}", "datasources:write", s.putDatasource)
	handle(viewer, "GET /api/datasources/uid/{uid}/health", "datasources:query", s.datasourceHealth)
	handle(viewer, "GET /api/datasources/proxy/uid/{uid}/{path...}", "datasources:query", s.proxy)
	handle(viewer, "POST /api/datasources/proxy/uid/{uid}/{path...}", "datasources:query", s.proxy)
	handle(viewer, "GET /api/search", "dashboards:read", s.search)
	handle(viewer, "GET /api/folders", "folders:read", s.listFolders)
	handle(viewer, "GET /api/dashboards/uid/{uid}", "dashboards:read", s.getDashboard)
	handle(editor, "POST /api/dashboards/db", "dashboards:write", s.saveDashboard)
	handle(viewer, "GET /api/annotations", "annotations:read", s.findAnnotations)
	handle(editor, "POST /api/annotations", "annotations:create", s.addAnnotation)
	handle(serverAdmin, "PUT /api/admin/users/{id}/password", "users.password:write", s.changePassword)
	handle(serverAdmin, "POST /api/admin/provisioning/{kind}/reload", "provisioning:reload", s.reload)
	return mux
}

// caller answers who asks, or the message of the refusal. Wrong credentials are refused even where anonymous visitors may read.
func (s *server) caller(r *http.Request) (role, string) {
	login, password, basic := r.BasicAuth()
	switch {
	case basic && s.config.on("auth.basic.enabled"):
		if s.login(login, password) {
			return serverAdmin, ""
		}
		return 0, "Invalid username or password"
	case r.Header.Get("Authorization") != "":
		return 0, "Unauthorized"
	case s.config.on("auth.anonymous.enabled"):
		return max(viewer, map[string]role{"Editor": editor, "Admin": orgAdmin}[s.config["auth.anonymous.org_role"]]), ""
	}
	return 0, "Unauthorized"
}

// login counts failures as Grafana's brute force protection does: five within five minutes, and even the right password is refused.
func (s *server) login(login, password string) bool {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if login != s.store.Admin.Login {
		return false
	}
	recent := []time.Time{}
	for _, at := range s.store.attempts {
		if time.Since(at) < 5*time.Minute {
			recent = append(recent, at)
		}
	}
	s.store.attempts = recent
	limit, err := strconv.Atoi(s.config["security.brute_force_login_protection_max_attempts"])
	if err == nil && len(recent) >= limit && !s.config.on("security.disable_brute_force_login_protection") {
		logger("authn.service").warn("too many consecutive incorrect login attempts for user - login for user temporarily blocked", "user", login)
		return false
	}
	if !s.store.passwordIs(password) {
		s.store.attempts = append(recent, time.Now())
		return false
	}
	return true
}

func (s *server) org(w http.ResponseWriter, _ *http.Request) {
	address := map[string]string{"address1": "", "address2": "", "city": "", "zipCode": "", "state": "", "country": ""}
	answer(w, 200, map[string]any{"id": 1, "name": "Main Org.", "address": address})
}

func (s *server) user(w http.ResponseWriter, _ *http.Request) {
	answer(w, 200, map[string]any{"id": 1, "uid": "stand-in-admin", "login": s.store.Admin.Login, "email": "admin@localhost", "name": "", "theme": "",
		"orgId": 1, "isGrafanaAdmin": true, "isDisabled": false, "isExternal": false, "authLabels": []string{}})
}

func (s *server) changePassword(w http.ResponseWriter, r *http.Request) {
	var form struct {
		Password string `json:"password"`
	}
	switch err := json.NewDecoder(r.Body).Decode(&form); {
	case err != nil:
		fail(w, 400, "bad request data")
		return
	case r.PathValue("id") != "1":
		fail(w, 404, "user not found")
		return
	case len(form.Password) < 4:
		fail(w, 400, "New password is too short")
		return
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.setPassword(form.Password)
	s.saved(w, func() { answer(w, 200, map[string]any{"message": "User password updated"}) })
}

func (s *server) reload(w http.ResponseWriter, r *http.Request) {
	dir := s.config["paths.provisioning"]
	var name string
	var err error
	switch kind := r.PathValue("kind"); kind {
	case "datasources":
		name, err = "Datasources", s.store.provisionDatasources(filepath.Join(dir, kind))
	case "dashboards":
		name, err = "Dashboards", s.dashboards.reload()
	case "plugins":
		name, err = "Plugins", checkYAML(filepath.Join(dir, kind), "app provisioning error")
	case "alerting":
		name, err = "Alerting", checkYAML(filepath.Join(dir, kind), "Alerting provisioning error")
	default:
		fail(w, 404, "Not found")
		return
	}
	if err != nil {
		logger("provisioning").error("Failed to provision "+strings.ToLower(name), "error", err)
		answer(w, 500, map[string]any{"message": err.Error(), "traceID": ""})
		return
	}
	answer(w, 200, map[string]any{"message": name + " config reloaded"})
}

func (s *server) metrics(w http.ResponseWriter, _ *http.Request) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	fmt.Fprintf(w, "# TYPE grafana_build_info gauge\ngrafana_build_info{edition=\"stand-in\",version=%q} 1\n", version)
	fmt.Fprintf(w, "# TYPE grafana_stat_totals_dashboard gauge\ngrafana_stat_totals_dashboard %d\n", len(s.store.Dashboards))
	fmt.Fprintf(w, "# TYPE grafana_stat_totals_folder gauge\ngrafana_stat_totals_folder %d\n", len(s.store.Folders))
}

// saved writes the database and only then lets the handler report success.
func (s *server) saved(w http.ResponseWriter, then func()) {
	if err := s.store.save(); err != nil {
		logger("sqlstore").error("failed to save the database", "error", err)
		fail(w, 500, "Internal server error")
		return
	}
	then()
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]any{"message": message})
}

func jsonInt(n int64) string { return strconv.FormatInt(n, 10) }
