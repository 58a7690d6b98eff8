# One tune, by its address in the list too.
curl -X GET -H "Authorization: Bearer $API_KEY" "$API/tunes/$TUNE"
curl -X GET -H "Authorization: Bearer $API_KEY" "$API/tunes/$TUNE.json"
