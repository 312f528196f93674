package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tree is a provisioning directory, a dashboard directory and a data path of one test.
type tree struct {
	t    *testing.T
	root string
	c    config
}

func newTree(t *testing.T) *tree {
	f := &tree{t: t, root: t.TempDir(), c: config{}}
	for name, value := range defaults {
		f.c[name] = value
	}
	f.c["paths.data"] = filepath.Join(f.root, "data")
	f.c["paths.provisioning"] = filepath.Join(f.root, "provisioning")
	for _, dir := range []string{"data", "provisioning/datasources", "provisioning/dashboards", "boards"} {
		if err := os.MkdirAll(filepath.Join(f.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f *tree) write(name, content string) {
	f.t.Helper()
	path := filepath.Join(f.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f *tree) datasources(body string) {
	f.write("provisioning/datasources/ds.yaml", "apiVersion: 1\n"+body)
}

func (f *tree) provider(more string) {
	f.write("provisioning/dashboards/p.yaml", "apiVersion: 1\nproviders:\n- name: one\n  type: file\n  updateIntervalSeconds: 1\n"+more+
		"  options: {path: "+filepath.Join(f.root, "boards")+"}\n")
}

func (f *tree) start() *server {
	f.t.Helper()
	s, err := newServer(f.c)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { s.dashboards.stop() })
	return s
}

func (f *tree) refused(want string) {
	f.t.Helper()
	s, err := newServer(f.c)
	if err == nil {
		s.dashboards.stop()
		f.t.Fatalf("started, want %q", want)
	}
	if !strings.Contains(err.Error(), want) {
		f.t.Fatalf("got %q, want %q", err, want)
	}
}

// ask calls the API as login:password ("" for nobody) and returns status and body.
func ask(t *testing.T, s *server, login, method, path, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if login != "" {
		name, password, _ := strings.Cut(login, ":")
		r.SetBasicAuth(name, password)
	}
	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, r)
	var out map[string]any
	raw := w.Body.String()
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		out = map[string]any{"raw": raw}
	}
	return w.Code, out
}

const admin = "admin:admin"

func expect(t *testing.T, s *server, login, method, path, body string, status int, message string) map[string]any {
	t.Helper()
	got, out := ask(t, s, login, method, path, body)
	if got != status || !strings.Contains(fmt.Sprint(out["message"]), message) {
		t.Fatalf("%s %s: got %d %v, want %d %q", method, path, got, out, status, message)
	}
	return out
}

const twoSources = "datasources:\n- {name: P, type: prometheus, uid: p, url: http://127.0.0.1:1, isDefault: true}\n- {name: L, type: loki, uid: l, url: http://127.0.0.1:1}\n"

func TestDatasourceRefusals(t *testing.T) {
	for name, c := range map[string][2]string{
		"two defaults":   {"datasources:\n- {name: a, type: loki, isDefault: true}\n- {name: b, type: loki, isDefault: true}\n", "Only one datasource per organization can be marked as default"},
		"same uid":       {"datasources:\n- {name: a, type: loki, uid: x}\n- {name: b, type: loki, uid: x}\n", "same uid already exists"},
		"same name":      {"datasources:\n- {name: a, type: loki, uid: x}\n- {name: a, type: loki, uid: y}\n", "same name already exists"},
		"long uid":       {"datasources:\n- {name: a, type: loki, uid: " + strings.Repeat("x", 41) + "}\n", "UID is longer than 40 symbols"},
		"bad uid":        {"datasources:\n- {name: a, type: loki, uid: a.b}\n", "invalid UID for datasource a"},
		"no name":        {"datasources:\n- {type: loki}\n", "unique identifier and org id are needed"},
		"yes is no bool": {"datasources:\n- {name: a, type: loki, isDefault: yes}\n", "invalid syntax"},
		"other org":      {"datasources:\n- {name: a, type: loki, orgId: 2}\n", "organization not found"},
		"missing file":   {"datasources:\n- {name: a, type: loki, secureJsonData: {p: \"$__file{/no/such/file}\"}}\n", "no such file"},
		"bad yaml":       {"datasources:\n- {name: a\n", "yaml"},
		"long url":       {"datasources:\n- {name: a, type: loki, url: http://" + strings.Repeat("x", 255) + "}\n", "max length is 255"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newTree(t)
			f.datasources(c[0])
			f.refused(c[1])
		})
	}
	f := newTree(t)
	f.write("provisioning/datasources/old.yaml", "datasources: [{name: a, type: loki}]\n")
	f.refused("apiVersion 1 only")
}

func TestDatasourcesOutliveTheirFile(t *testing.T) {
	f := newTree(t)
	f.datasources(twoSources)
	f.start()
	f.datasources("datasources: []\n")
	s := f.start()
	expect(t, s, admin, "GET", "/api/datasources/uid/p", "", 200, "")
	f.datasources("datasources: []\ndeleteDatasources: [{name: P, orgId: 1}]\n")
	expect(t, s, admin, "POST", "/api/admin/provisioning/datasources/reload", "", 200, "Datasources config reloaded")
	expect(t, s, admin, "GET", "/api/datasources/uid/p", "", 404, "Data source not found")
	expect(t, s, admin, "GET", "/api/datasources/uid/l", "", 200, "")
	f.datasources("prune: true\n" + twoSources)
	expect(t, s, admin, "POST", "/api/admin/provisioning/datasources/reload", "", 200, "")
	f.datasources("datasources: []\n")
	expect(t, s, admin, "POST", "/api/admin/provisioning/datasources/reload", "", 200, "")
	expect(t, s, admin, "GET", "/api/datasources/uid/l", "", 404, "Data source not found")
}

func TestReloadErrorsKeepTheOldState(t *testing.T) {
	f := newTree(t)
	f.datasources(twoSources)
	s := f.start()
	f.datasources("datasources: [{name: P, type: prometheus, uid: p, url: http://other\n")
	expect(t, s, admin, "POST", "/api/admin/provisioning/datasources/reload", "", 500, "Datasource provisioning error: yaml")
	if out := expect(t, s, admin, "GET", "/api/datasources/uid/p", "", 200, ""); out["url"] != "http://127.0.0.1:1" {
		t.Fatal(out)
	}
	f.datasources("datasources:\n- {name: P, type: prometheus, uid: renamed, url: http://other}\n")
	expect(t, s, admin, "POST", "/api/admin/provisioning/datasources/reload", "", 500, "Datasource provisioning error: data source not found")
	s.dashboards.stop()
	f.refused("data source not found")
}

func TestInterpolation(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("  s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOST_OF", "prom")
	for in, want := range map[string]string{
		"http://$HOST_OF:1": "http://prom:1", "${HOST_OF}": "prom", "$__env{HOST_OF}": "prom", "$__file{" + secret + "}": "s3cret",
		"a$$b": "a$b", "$${x}": "${x}", "$UNSET_NAME.": ".",
	} {
		if got, err := interpolate(in); err != nil || got != want {
			t.Errorf("%q: got %q %v, want %q", in, got, err, want)
		}
	}
}

func TestConfiguration(t *testing.T) {
	dir := t.TempDir()
	secret, ini := filepath.Join(dir, "secret"), filepath.Join(dir, "grafana.ini")
	_ = os.WriteFile(secret, []byte("from file\n"), 0o600)
	write := func(text string) {
		_ = os.WriteFile(ini, []byte(text), 0o600)
	}
	t.Setenv("GF_PATHS_CONFIG", ini)
	t.Setenv("GF_AUTH_ANONYMOUS_ENABLED", "true")
	write("; note\n[security]\nadmin_user = root\nadmin_password = $__file{" + secret + "}\n[auth.anonymous]\nenabled = false\n[x]\nv = a#b\nq = \"\"\"a#b\"\"\"\n")
	c, err := loadConfig("t")
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"security.admin_user": "root", "security.admin_password": "from file", "auth.anonymous.enabled": "true",
		"x.v": "a", "x.q": "a#b", "server.http_port": "3000"} {
		if c[key] != want {
			t.Errorf("%s = %q, want %q", key, c[key], want)
		}
	}
	write("[security]\nadmin_password = $__file{/no/such}\n")
	if _, err = loadConfig("t"); err == nil || !strings.Contains(err.Error(), "got error while expanding security.admin_password with expander 'file'") {
		t.Fatal(err)
	}
	t.Setenv("GF_SECURITY_ADMIN_PASSWORD__FILE", secret)
	t.Setenv("GF_SECURITY_ADMIN_PASSWORD", "both")
	if err := secretFiles("t"); err == nil || !strings.Contains(err.Error(), "are exclusive") {
		t.Fatal(err)
	}
	os.Unsetenv("GF_SECURITY_ADMIN_PASSWORD")
	if err := secretFiles("t"); err != nil || os.Getenv("GF_SECURITY_ADMIN_PASSWORD") != "from file" {
		t.Fatal(err)
	}
	write("[server]\nnonsense\n")
	if _, err = loadConfig("t"); err == nil {
		t.Fatal("accepted a line without =")
	}
}

func TestPasswordIsOfTheFirstStart(t *testing.T) {
	f := newTree(t)
	f.c["security.admin_password"] = "first"
	f.start()
	f.c["security.admin_password"] = "second"
	s := f.start()
	expect(t, s, "admin:second", "GET", "/api/org", "", 401, "Invalid username or password")
	expect(t, s, "admin:first", "GET", "/api/org", "", 200, "")
	expect(t, s, "admin:first", "PUT", "/api/admin/users/1/password", `{"password":"third"}`, 200, "User password updated")
	expect(t, s, "admin:first", "GET", "/api/org", "", 401, "")
	expect(t, s, "admin:third", "GET", "/api/org", "", 200, "")
	for range 5 {
		expect(t, s, "admin:wrong", "GET", "/api/org", "", 401, "")
	}
	expect(t, s, "admin:third", "GET", "/api/org", "", 401, "Invalid username or password")
	state, _ := os.ReadFile(filepath.Join(f.c["paths.data"], "stand-in.db.json"))
	if strings.Contains(string(state), "third") {
		t.Fatal("the password stands in the state file")
	}
}

func TestAccess(t *testing.T) {
	f := newTree(t)
	f.datasources(twoSources)
	s := f.start()
	expect(t, s, "", "GET", "/api/health", "", 200, "")
	expect(t, s, "", "GET", "/api/search", "", 401, "Unauthorized")
	expect(t, s, admin, "GET", "/api/nothing", "", 404, "Not found")
	s.config["auth.anonymous.enabled"] = "true"
	if code, _ := ask(t, s, "", "GET", "/api/search", ""); code != 200 {
		t.Fatal(code)
	}
	expect(t, s, "", "GET", "/api/datasources/uid/p", "", 403, "datasources:read")
	expect(t, s, "", "POST", "/api/dashboards/db", "{}", 403, "dashboards:write")
	expect(t, s, "", "POST", "/api/admin/provisioning/datasources/reload", "", 403, "provisioning:reload")
	expect(t, s, "admin:wrong", "GET", "/api/search", "", 401, "Invalid username or password")
	if code, page := ask(t, s, "", "GET", "/login", ""); code != 200 || !strings.Contains(fmt.Sprint(page["raw"]), "This is not Grafana") {
		t.Fatal(code, page)
	}
}

func TestHealthAndProxyCallTheSource(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if strings.HasSuffix(r.URL.Path, "/query") && user == "u" && password == "pw" && r.Header.Get("X-Tenant") == "t1" {
			_, _ = io.WriteString(w, `{"status":"success","data":{"result":[0,"2"]},"query":"`+r.URL.Query().Get("query")+`"}`)
			return
		}
		w.WriteHeader(401)
	}))
	defer upstream.Close()
	f := newTree(t)
	settings := "basicAuth: true, basicAuthUser: u, jsonData: {httpHeaderName1: X-Tenant}, secureJsonData: {basicAuthPassword: pw, httpHeaderValue1: t1}"
	f.datasources("datasources:\n- {name: P, type: prometheus, uid: p, url: " + upstream.URL + ", " + settings + "}\n" +
		"- {name: L, type: loki, uid: l, url: " + upstream.URL + ", " + settings + "}\n" +
		"- {name: D, type: loki, uid: down, url: http://127.0.0.1:1}\n- {name: A, type: alertmanager, uid: a, url: " + upstream.URL + "}\n- {name: X, type: mqtt, uid: x}\n")
	s := f.start()
	health := func(uid string, status int, message string) map[string]any {
		return expect(t, s, admin, "GET", "/api/datasources/uid/"+uid+"/health", "", status, message)
	}
	if out := health("p", 200, "Successfully queried the Prometheus API."); out["status"] != "OK" {
		t.Fatal(out)
	}
	health("l", 200, "Data source successfully connected.")
	if out := health("down", 400, "Unable to connect with Loki"); out["status"] != "ERROR" {
		t.Fatal(out)
	}
	health("a", 500, "Plugin unavailable")
	health("x", 404, "Plugin not found")
	out := expect(t, s, admin, "GET", "/api/datasources/proxy/uid/p/api/v1/query?query=up", "", 200, "")
	if out["query"] != "up" {
		t.Fatal(out)
	}
	expect(t, s, admin, "POST", "/api/datasources/proxy/uid/p/-/reload", "", 403, "not allowed")
	expect(t, s, admin, "GET", "/api/datasources/proxy/uid/down/ready", "", 502, "")
	out = expect(t, s, admin, "GET", "/api/datasources/uid/p", "", 200, "")
	if fmt.Sprint(out["secureJsonFields"]) != "map[basicAuthPassword:true httpHeaderValue1:true]" || out["readOnly"] != true || out["secureJsonData"] != nil {
		t.Fatal(out)
	}
	expect(t, s, admin, "PUT", "/api/datasources/uid/p", `{"name":"P","type":"prometheus"}`, 403, "Cannot update read-only data source")
	s.pluginsDropped = true
	health("p", 404, "Plugin not registered")
}

func TestDashboards(t *testing.T) {
	f := newTree(t)
	f.provider("  folder: Stack\n  folderUid: stack\n")
	f.write("boards/a.json", `{"uid":"a","title":"Alpha","id":7,"tags":["x"],"panels":[]}`)
	f.write("boards/bad.json", `{"uid":"bad"`)
	f.write("boards/untitled.json", `{"uid":"untitled"}`)
	f.write("boards/long.json", `{"title":"L","uid":"`+strings.Repeat("x", 41)+`"}`)
	s := f.start()
	out := expect(t, s, admin, "GET", "/api/dashboards/uid/a", "", 200, "")
	meta := out["meta"].(map[string]any)
	if meta["provisioned"] != true || meta["provisionedExternalId"] != "a.json" || meta["folderUid"] != "stack" || meta["version"] != 1.0 {
		t.Fatal(meta)
	}
	if len(s.store.Dashboards) != 1 {
		t.Fatal("a broken file became a dashboard")
	}
	expect(t, s, admin, "POST", "/api/dashboards/db", `{"dashboard":{"uid":"a","title":"Alpha"},"overwrite":true}`, 400, "Cannot save provisioned dashboard")
	expect(t, s, admin, "POST", "/api/dashboards/db", `{"dashboard":{"uid":"own","title":"Own"},"folderUid":"stack"}`, 200, "")
	expect(t, s, admin, "POST", "/api/dashboards/db", `{"dashboard":{"uid":"own","title":"Own","version":9}}`, 412, "changed by someone else")

	f.write("boards/a.json", `{"uid":"a","title":"Alpha","id":null,"panels":[1]}`)
	waitFor(t, func() bool {
		_, out := ask(t, s, admin, "GET", "/api/dashboards/uid/a", "")
		return out["dashboard"].(map[string]any)["version"] == 2.0
	})
	f.write("boards/a.json", `{"uid":"a",`) // a broken change keeps the old version
	time.Sleep(1500 * time.Millisecond)
	expect(t, s, admin, "GET", "/api/dashboards/uid/a", "", 200, "")
	_ = os.Remove(filepath.Join(f.root, "boards/a.json"))
	waitFor(t, func() bool { code, _ := ask(t, s, admin, "GET", "/api/dashboards/uid/a", ""); return code == 404 })
	expect(t, s, admin, "GET", "/api/dashboards/uid/own", "", 200, "")
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatal("did not happen within 5 s")
}

func TestDuplicatesBlockTheWholeProvider(t *testing.T) {
	for name, second := range map[string]string{"uid": `{"uid":"a","title":"Other"}`, "title": `{"uid":"b","title":"Alpha"}`} {
		t.Run(name, func(t *testing.T) {
			f := newTree(t)
			f.provider("")
			f.write("boards/a.json", `{"uid":"a","title":"Alpha"}`)
			f.write("boards/b.json", second)
			f.write("boards/c.json", `{"uid":"c","title":"Third"}`)
			s := f.start()
			f.write("boards/c.json", `{"uid":"c","title":"Third changed"}`)
			p := s.dashboards.providers[0]
			s.store.mu.Lock()
			defer s.store.mu.Unlock()
			if err := s.store.scan(p, "t"); err != nil || !p.restricted || s.store.dashboardByUID("c").Title != "Third" {
				t.Fatal(err, p.restricted)
			}
			_ = os.Remove(filepath.Join(f.root, "boards/b.json"))
			_ = s.store.scan(p, "t")
			s.dashboards.validate()
			_ = s.store.scan(p, "t")
			if p.restricted || s.store.dashboardByUID("c").Title != "Third changed" {
				t.Fatal("still blocked after the duplicate went")
			}
		})
	}
}

func TestFoldersAreThoseOfTheFiles(t *testing.T) {
	f := newTree(t)
	provider := func(more string) {
		f.write("provisioning/dashboards/p.yaml", "apiVersion: 1\nproviders:\n- name: one\n  updateIntervalSeconds: 1\n"+more+
			"  options: {path: "+filepath.Join(f.root, "boards")+", foldersFromFilesStructure: true}\n")
	}
	provider("  folder: Stack\n  folderUid: stack\n")
	f.refused("'folder' and 'folderUID' should be empty using 'foldersFromFilesStructure' option")
	provider("")
	f.write("boards/top.json", `{"uid":"top","title":"Same"}`)
	f.write("boards/MCP/a.json", `{"uid":"a","title":"Same"}`)
	f.write("boards/MCP/b.json", `{"uid":"b","title":"Other"}`)
	f.write("boards/Ops/deep/c.json", `{"uid":"c","title":"Same"}`)
	s := f.start()
	folderOf := func(uid string) any {
		return expect(t, s, admin, "GET", "/api/dashboards/uid/"+uid, "", 200, "")["meta"].(map[string]any)["folderTitle"]
	}
	// The name of the last folder above the file; what lies above that says nothing.
	for uid, want := range map[string]string{"top": "General", "a": "MCP", "b": "MCP", "c": "deep"} {
		if got := folderOf(uid); got != want {
			t.Errorf("%s: got %v, want %s", uid, got, want)
		}
	}
	if len(s.store.Folders) != 2 || s.dashboards.providers[0].restricted {
		t.Fatal("one title in different folders is no duplicate", s.store.Folders)
	}
	if got := expect(t, s, admin, "GET", "/api/dashboards/uid/a", "", 200, "")["meta"].(map[string]any)["provisionedExternalId"]; got != "MCP/a.json" {
		t.Fatal(got)
	}
	// A file that moves takes its dashboard along.
	_ = os.Remove(filepath.Join(f.root, "boards/MCP/b.json"))
	f.write("boards/Ops/b.json", `{"uid":"b","title":"Other"}`)
	expect(t, s, admin, "POST", "/api/admin/provisioning/dashboards/reload", "", 200, "")
	if got := folderOf("b"); got != "Ops" {
		t.Fatal(got)
	}
}

func TestAnnotations(t *testing.T) {
	f := newTree(t)
	s := f.start()
	expect(t, s, "", "POST", "/api/annotations", `{"text":"x"}`, 401, "")
	expect(t, s, admin, "POST", "/api/annotations", `{"tags":["deploy"]}`, 400, "Failed to save annotation")
	expect(t, s, admin, "POST", "/api/annotations", `{"tags":["deploy","weather"],"text":"1.4.2"}`, 200, "Annotation added")
	expect(t, s, admin, "POST", "/api/annotations", `{"tags":["other"],"text":"y","time":1000,"timeEnd":2000}`, 200, "Annotation added")
	for query, want := range map[string]string{"": "y 1.4.2", "?tags=deploy": "1.4.2", "?tags=deploy&tags=other": "",
		"?tags=deploy&tags=other&matchAny=true": "y 1.4.2", "?from=1500&to=3000": "y", "?limit=1": "y"} {
		_, out := ask(t, s, admin, "GET", "/api/annotations"+query, "")
		var found []annotation
		_ = json.Unmarshal([]byte(fmt.Sprint(out["raw"])), &found)
		var got []string
		for _, a := range found {
			got = append(got, a.Text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %q", query, got, want)
		}
	}
}

func TestUIUpdatesDriftUntilTheFileChanges(t *testing.T) {
	f := newTree(t)
	f.provider("  allowUiUpdates: true\n  disableDeletion: true\n")
	f.write("boards/a.json", `{"uid":"a","title":"Alpha"}`)
	s := f.start()
	expect(t, s, admin, "POST", "/api/dashboards/db", `{"dashboard":{"uid":"a","title":"Drifted","version":1}}`, 200, "")
	expect(t, s, admin, "POST", "/api/admin/provisioning/dashboards/reload", "", 200, "Dashboards config reloaded")
	if s.store.dashboardByUID("a").Title != "Drifted" {
		t.Fatal("an unchanged file must not overwrite")
	}
	_ = os.Remove(filepath.Join(f.root, "boards/a.json"))
	expect(t, s, admin, "POST", "/api/admin/provisioning/dashboards/reload", "", 200, "")
	if d := s.store.dashboardByUID("a"); d == nil || d.Provider != "" {
		t.Fatal("disableDeletion must keep the dashboard, no longer provisioned")
	}
	f.write("provisioning/dashboards/p.yaml", "apiVersion: 1\nproviders: [{name: two, type: git}]\n")
	expect(t, s, admin, "POST", "/api/admin/provisioning/dashboards/reload", "", 500, "type git is not supported")
	if len(s.dashboards.providers) != 1 {
		t.Fatal("the old providers are gone")
	}
}

func TestSearch(t *testing.T) {
	f := newTree(t)
	f.provider("  folder: Stack\n")
	for _, name := range []string{"b", "a", "c"} {
		f.write("boards/"+name+".json", `{"uid":"`+name+`","title":"Board `+name+`","tags":["t-`+name+`"]}`)
	}
	s := f.start()
	for query, want := range map[string]string{"?type=dash-db": "a b c", "?type=dash-db&limit=2&page=2": "c", "?query=BOARD%20b": "b",
		"?tag=t-c": "c", "?type=dash-db&query=zzz": ""} {
		_, out := ask(t, s, admin, "GET", "/api/search"+query, "")
		var hits []map[string]any
		_ = json.Unmarshal([]byte(fmt.Sprint(out["raw"])), &hits)
		var got []string
		for _, hit := range hits {
			got = append(got, fmt.Sprint(hit["uid"]))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %q", query, got, want)
		}
	}
	expect(t, s, admin, "GET", "/api/search?limit=5001", "", 422, "Limit is above maximum")
}
