# A video by its fields; one of reference pictures and a description of the motion alone.
curl -X POST "$API/tunes/1504944/prompts" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'prompt[video_model]=seedance' \
  -F 'prompt[video_prompt]="she turns, and smiles"' \
  -F 'prompt[video_duration]=5' \
  -F 'prompt[video_first_frame]=@1.jpg' \
  -F 'prompt[image_references][]=@2.jpg' \
  -F 'prompt[image_references][]=@3.jpg'
curl -X POST "$API/tunes/1504944/prompts" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'prompt[video_model]=seedance2' \
  -F 'prompt[video_prompt]=from the collar to the whole coat' \
  -F 'prompt[video_duration]=8' \
  -F 'prompt[image_references][]=@2.jpg'
