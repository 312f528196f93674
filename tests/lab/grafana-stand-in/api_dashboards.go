package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

var notInSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slug(title string) string {
	return strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(title), "-"), "-")
}

func (d *dashboard) url() string { return "/d/" + d.UID + "/" + slug(d.Title) }
func (f *folder) url() string    { return "/dashboards/f/" + f.UID + "/" + slug(f.Title) }

func (d *dashboard) tags() []string {
	tags := []string{}
	list, _ := d.Data["tags"].([]any)
	for _, item := range list {
		if tag, ok := item.(string); ok {
			tags = append(tags, tag)
		}
	}
	return tags
}

func (s *server) search(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, page := positive(q.Get("limit"), 1000), positive(q.Get("page"), 1)
	if limit > 5000 {
		fail(w, 422, "Limit is above maximum allowed (5000), use page parameter to access hits beyond limit")
		return
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	hits := []map[string]any{}
	if kind := q.Get("type"); kind != "dash-db" && len(q["tag"]) == 0 {
		for _, f := range s.store.Folders {
			if matches(q, f.Title, f.UID, "", nil) {
				hits = append(hits, hit(f.ID, f.UID, f.Title, f.url(), "dash-folder", []string{}))
			}
		}
	}
	if kind := q.Get("type"); kind != "dash-folder" {
		for _, d := range s.store.Dashboards {
			if !matches(q, d.Title, d.UID, d.FolderUID, d.tags()) {
				continue
			}
			h := hit(d.ID, d.UID, d.Title, d.url(), "dash-db", d.tags())
			if f := s.store.folderByUID(d.FolderUID); f != nil {
				h["folderId"], h["folderUid"], h["folderTitle"], h["folderUrl"] = f.ID, f.UID, f.Title, f.url()
			}
			hits = append(hits, h)
		}
	}
	sort.SliceStable(hits, func(a, b int) bool {
		if hits[a]["type"] != hits[b]["type"] {
			return hits[a]["type"] == "dash-folder"
		}
		return strings.ToLower(hits[a]["title"].(string)) < strings.ToLower(hits[b]["title"].(string))
	})
	from := min((page-1)*limit, len(hits))
	answer(w, 200, hits[from:min(from+limit, len(hits))])
}

func hit(id int64, uid, title, url, kind string, tags []string) map[string]any {
	return map[string]any{"id": id, "orgId": 1, "uid": uid, "title": title, "uri": "db/" + slug(title), "url": url, "slug": "", "type": kind,
		"tags": tags, "isStarred": false, "sortMeta": 0, "isDeleted": false}
}

func matches(q url.Values, title, uid, folderUID string, tags []string) bool {
	if !strings.Contains(strings.ToLower(title), strings.ToLower(q.Get("query"))) {
		return false
	}
	for _, tag := range q["tag"] {
		if !contains(tags, tag) {
			return false
		}
	}
	return (len(q["dashboardUIDs"]) == 0 || contains(q["dashboardUIDs"], uid)) && (len(q["folderUIDs"]) == 0 || contains(q["folderUIDs"], folderUID))
}

func contains(list []string, item string) bool {
	for _, have := range list {
		if have == item {
			return true
		}
	}
	return false
}

func positive(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return n
	}
	return otherwise
}

func (s *server) listFolders(w http.ResponseWriter, _ *http.Request) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	list := []map[string]any{}
	for _, f := range s.store.Folders {
		list = append(list, map[string]any{"id": f.ID, "uid": f.UID, "title": f.Title})
	}
	answer(w, 200, list)
}

func (s *server) getDashboard(w http.ResponseWriter, r *http.Request) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	d := s.store.dashboardByUID(r.PathValue("uid"))
	if d == nil {
		answer(w, 404, map[string]any{"message": "Dashboard not found", "status": "not-found"})
		return
	}
	role, _ := r.Context().Value(roleKey{}).(role)
	meta := map[string]any{"type": "db", "slug": slug(d.Title), "url": d.url(), "version": d.Version, "created": d.Created, "updated": d.Updated,
		"canSave": role >= editor, "canEdit": role >= editor, "canAdmin": role >= orgAdmin, "canDelete": role >= editor, "canStar": role == serverAdmin,
		"isFolder": false, "folderId": 0, "folderUid": "", "folderTitle": "General", "folderUrl": "",
		"provisioned": d.Provider != "" && !s.dashboards.allowsUIUpdates(d.Provider), "provisionedExternalId": ""}
	if d.Provider != "" {
		meta["provisionedExternalId"] = s.dashboards.externalName(d)
	}
	if f := s.store.folderByUID(d.FolderUID); f != nil {
		meta["folderId"], meta["folderUid"], meta["folderTitle"], meta["folderUrl"] = f.ID, f.UID, f.Title, f.url()
	}
	answer(w, 200, map[string]any{"dashboard": d.Data, "meta": meta})
}

func (s *server) saveDashboard(w http.ResponseWriter, r *http.Request) {
	var command struct {
		Dashboard map[string]any `json:"dashboard"`
		FolderUID string         `json:"folderUid"`
		Overwrite bool           `json:"overwrite"`
	}
	decoder := json.NewDecoder(r.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&command); err != nil || command.Dashboard == nil {
		fail(w, 400, "bad request data")
		return
	}
	uid, _ := command.Dashboard["uid"].(string)
	title, _ := command.Dashboard["title"].(string)
	if strings.TrimSpace(title) == "" {
		answer(w, 400, map[string]any{"message": errTitleEmpty.Error(), "status": "empty-name"})
		return
	}
	if err := checkUID(uid); err != nil {
		fail(w, 400, err.Error())
		return
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if command.FolderUID != "" && s.store.folderByUID(command.FolderUID) == nil {
		fail(w, 400, "folder not found")
		return
	}
	row := s.store.dashboardByUID(uid)
	if id, ok := command.Dashboard["id"].(json.Number); ok && id != "0" {
		var byID *dashboard
		for _, d := range s.store.Dashboards {
			if jsonInt(d.ID) == id.String() {
				byID = d
			}
		}
		switch {
		case byID == nil:
			answer(w, 404, map[string]any{"message": "Dashboard not found", "status": "not-found"})
			return
		case row != nil && row != byID:
			fail(w, 400, "A dashboard with the same uid already exists")
			return
		}
		row = byID
	}
	if row != nil {
		if row.Provider != "" && !s.dashboards.allowsUIUpdates(row.Provider) {
			fail(w, 400, "Cannot save provisioned dashboard")
			return
		}
		if version, _ := command.Dashboard["version"].(json.Number); !command.Overwrite && version.String() != strconv.Itoa(row.Version) {
			answer(w, 412, map[string]any{"message": "The dashboard has been changed by someone else", "status": "version-mismatch"})
			return
		}
	}
	row = s.store.write(row, command.Dashboard, command.FolderUID)
	s.saved(w, func() {
		answer(w, 200, map[string]any{"id": row.ID, "uid": row.UID, "url": row.url(), "status": "success", "version": row.Version,
			"slug": slug(row.Title), "folderUid": row.FolderUID})
	})
}
