# One prompt with its images.
curl -X DELETE -H "Authorization: Bearer $API_KEY" "$API/tunes/$TUNE/prompts/$PROMPT"
