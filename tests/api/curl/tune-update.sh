# Keep it after thirty days.
curl -X PATCH "$API/tunes/$TUNE" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'tune[auto_extend]=true'
