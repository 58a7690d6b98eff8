# A video by its fields.
curl -X POST "$API/tunes/1504944/prompts" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'prompt[video_model]=seedance' \
  -F 'prompt[video_prompt]="she turns, and smiles"' \
  -F 'prompt[video_duration]=5' \
  -F 'prompt[video_first_frame]=@1.jpg' \
  -F 'prompt[image_references][]=@2.jpg' \
  -F 'prompt[image_references][]=@3.jpg'
