# Ten prompts about something.
curl -X POST "$API/themes" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'theme[theme]=Cyberpunk' \
  -F "theme[tune_ids][]=$TUNE" \
  -F 'theme[prompt_attributes][num_images]=4' \
  -F 'theme[prompt_attributes][w]=512' \
  -F 'theme[prompt_attributes][h]=640'
