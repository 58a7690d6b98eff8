# One prompt, with its tune and without.
curl -X GET -H "Authorization: Bearer $API_KEY" "$API/tunes/$TUNE/prompts/$PROMPT"
curl -X GET -H "Authorization: Bearer $API_KEY" "$API/prompts/$PROMPT.json"
