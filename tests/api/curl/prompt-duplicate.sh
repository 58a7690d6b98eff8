# Again with another seed; as a video from its second image; like it; like it no more.
curl -X POST "$API/prompts/$PROMPT/duplicate" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'prompt[seed]=42'
curl -X POST "$API/prompts/$PROMPT/duplicate" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'image_index=1' \
  -F 'prompt[video_model]=wan'
curl -X POST -H "Authorization: Bearer $API_KEY" "$API/prompts/$PROMPT/likes"
curl -X DELETE -H "Authorization: Bearer $API_KEY" "$API/prompts/$PROMPT/likes"
