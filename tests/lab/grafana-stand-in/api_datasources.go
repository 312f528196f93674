package main

import (
	"encoding/json"
	"net/http"
	"sort"
	"strings"
)

func (s *server) listDatasources(w http.ResponseWriter, _ *http.Request) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	list := []map[string]any{}
	for _, ds := range s.store.Datasources {
		list = append(list, map[string]any{"id": ds.ID, "uid": ds.UID, "orgId": ds.OrgID, "name": ds.Name, "type": ds.Type, "typeName": ds.Type,
			"typeLogoUrl": ds.TypeLogoURL, "access": ds.Access, "url": ds.URL, "user": ds.User, "database": ds.Database, "basicAuth": ds.BasicAuth,
			"isDefault": ds.IsDefault, "jsonData": ds.JSONData, "readOnly": ds.ReadOnly})
	}
	sort.Slice(list, func(a, b int) bool {
		return strings.ToLower(list[a]["name"].(string)) < strings.ToLower(list[b]["name"].(string))
	})
	answer(w, 200, list)
}

func (s *server) getDatasource(w http.ResponseWriter, r *http.Request) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if ds := s.store.datasourceByUID(r.PathValue("uid")); ds != nil {
		answer(w, 200, ds.datasourceDTO)
		return
	}
	fail(w, 404, "Data source not found")
}

func (s *server) putDatasource(w http.ResponseWriter, r *http.Request) {
	var command struct {
		datasourceDTO
		SecureJSONData map[string]string `json:"secureJsonData"`
	}
	if err := json.NewDecoder(r.Body).Decode(&command); err != nil {
		fail(w, 400, "bad request data")
		return
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	ds := s.store.datasourceByUID(r.PathValue("uid"))
	switch {
	case ds == nil:
		fail(w, 404, "Data source not found")
		return
	case ds.ReadOnly:
		fail(w, 403, "Cannot update read-only data source")
		return
	case command.Name == "" || command.Type == "" || validUID(command.UID) != nil:
		fail(w, 400, "bad request data")
		return
	case command.Version != 0 && command.Version < ds.Version:
		fail(w, 409, "Datasource has already been updated by someone else. Please reload and try again")
		return
	}
	for _, other := range s.store.Datasources {
		if other != ds && other.Name == command.Name {
			fail(w, 409, "Failed to update datasource: "+errNameExists.Error())
			return
		}
		if other != ds && other.UID == command.UID {
			fail(w, 500, "Failed to update datasource")
			return
		}
	}
	next := command.datasourceDTO
	next.ID, next.OrgID, next.TypeLogoURL, next.SecureJSONFields, next.ReadOnly = ds.ID, 1, ds.TypeLogoURL, ds.SecureJSONFields, false
	next.Version = command.Version + 1
	if next.UID == "" {
		next.UID = ds.UID
	}
	ds.datasourceDTO = next
	for key, value := range command.SecureJSONData {
		if ds.secrets == nil {
			ds.secrets = map[string]string{}
		}
		ds.secrets[key], ds.SecureJSONFields[key] = value, value != ""
	}
	s.store.onlyDefault(ds)
	s.saved(w, func() {
		answer(w, 200, map[string]any{"message": "Datasource updated", "id": ds.ID, "name": ds.Name, "datasource": ds.datasourceDTO})
	})
}

// upstream copies a data source, so that no request to it holds the store.
func (s *server) upstream(uid string) *datasource {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	ds := s.store.datasourceByUID(uid)
	if ds == nil {
		return nil
	}
	copied := *ds
	copied.secrets = map[string]string{}
	for key, value := range ds.secrets {
		copied.secrets[key] = value
	}
	return &copied
}

func (s *server) datasourceHealth(w http.ResponseWriter, r *http.Request) {
	uid := r.PathValue("uid")
	if uid == "" || validUID(uid) != nil {
		fail(w, 400, "UID is invalid")
		return
	}
	ds := s.upstream(uid)
	if ds == nil {
		fail(w, 500, "Unable to load datasource metadata")
		return
	}
	switch ds.Type {
	case "prometheus", "loki":
		if s.pluginsDropped {
			answer(w, 404, map[string]any{"message": "Plugin not registered", "messageId": "plugin.notRegistered", "statusCode": 404, "traceID": ""})
			return
		}
	case "alertmanager":
		// A plugin without a backend: Grafana cannot check it, whatever the state of the Alertmanager.
		answer(w, 500, map[string]any{"message": "Plugin unavailable", "messageId": "plugin.unavailable", "statusCode": 500, "traceID": ""})
		return
	default:
		answer(w, 404, map[string]any{"message": "Plugin not found", "messageId": "plugin.notRegistered", "statusCode": 404, "traceID": ""})
		return
	}
	message, details, err := ds.check(r.Context())
	if err != nil {
		logger("tsdb."+ds.Type).error("health check failed", "uid", ds.UID, "error", err)
		answer(w, 400, map[string]any{"status": "ERROR", "message": message})
		return
	}
	body := map[string]any{"status": "OK", "message": message}
	if details != nil {
		body["details"] = details
	}
	answer(w, 200, body)
}
