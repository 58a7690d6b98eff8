# A LoRA in the text (curl would take -F with "<" for a file), a picture to begin from, a controlnet.
curl -X POST "$API/tunes/1504944/prompts" \
  -H "Authorization: Bearer $API_KEY" \
  --form-string "prompt[text]=<lora:$TUNE:1> ohwx woman as marble" \
  -F 'prompt[input_image]=@1.jpg' \
  -F 'prompt[mask_image_url]=https://files.example.com/mask.png' \
  -F 'prompt[controlnet]=pose' \
  -F 'prompt[controlnet_txt2img]=on' \
  -F 'prompt[denoising_strength]=0.4' \
  -F 'prompt[w]=896' -F 'prompt[h]=1152' \
  -F 'prompt[seed]='
