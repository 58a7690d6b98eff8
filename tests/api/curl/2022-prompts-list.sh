# The prompts of a tune by offset and limit; all of them by id.
curl -X GET -H "Authorization: Bearer $API_KEY" "$API/tunes/$TUNE/prompts?offset=1&limit=2"
curl -X GET -H "Authorization: Bearer $API_KEY" "$API/prompts?limit=2&before_id=$PROMPT&text=woman"
