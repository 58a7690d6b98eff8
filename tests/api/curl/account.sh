# Who the key belongs to, what there is, and a workspace.
curl -H "Authorization: Bearer $API_KEY" "$API/users"
curl "$API/cli/models"
curl -X POST "$API/workspaces.json" \
  -H "Authorization: Bearer $API_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"workspace": {"title": "Spring"}}'
curl -H "Authorization: Bearer $API_KEY" -H 'X-Workspace-Id: all' "$API/prompts?limit=1"
