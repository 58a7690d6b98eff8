# A prompt on a tune of one's own.
curl -X POST "$API/tunes/$TUNE/prompts" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'prompt[text]=zwx woman, oil on canvas' \
  -F 'prompt[negative_prompt]=blurred' \
  -F 'prompt[super_resolution]=true' \
  -F 'prompt[face_correct]=true' \
  -F 'prompt[num_images]=8' \
  -F 'prompt[callback]=https://hooks.example.com/prompts?user=7&tune=1'
