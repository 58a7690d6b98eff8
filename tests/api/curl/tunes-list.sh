# The account's tunes, the youngest first, in both spellings of the path.
curl -X GET -H "Authorization: Bearer $API_KEY" "$API/tunes"
curl -X GET -H "Authorization: Bearer $API_KEY" "$API/tunes/?limit=1&title=ada"
curl -H "Authorization: Bearer $API_KEY" "$API/tunes.json?limit=100&before_id=$TUNE"
