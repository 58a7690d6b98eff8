# A pack of the gallery: what it holds, a run that trains, a run on a tune.
curl -H "Authorization: Bearer $API_KEY" "$API/gallery/packs?public=true&listed=true"
curl -H "Authorization: Bearer $API_KEY" "$API/p/studio-portraits"
curl -X POST "$API/p/studio-portraits/tunes" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'tune[title]=Ada, pack' \
  -F 'tune[name]=woman' \
  -F 'tune[images][]=@1.jpg' \
  -F 'tune[images][]=@2.jpg' \
  -F 'tune[prompt_attributes][callback]=https://hooks.example.com/prompts?user=7' \
  -F 'tune[prompts_callback]=https://hooks.example.com/all?user=7'
curl -X POST "$API/p/811/tunes" \
  -H "Authorization: Bearer $API_KEY" \
  -H 'Content-Type: application/json' \
  -d "{\"tune\": {\"tune_ids\": [$TUNE], \"prompt_ids\": [18770001]}}"
