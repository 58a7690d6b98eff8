# The model and its pictures.
curl -X DELETE -H "Authorization: Bearer $API_KEY" "$API/tunes/$TUNE"
