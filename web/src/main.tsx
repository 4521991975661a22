import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Gate } from './gate.tsx'
import { PreferencesProvider } from './preferences.tsx'
import './style.css'

const root = document.getElementById('root')
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <PreferencesProvider>
        <Gate />
      </PreferencesProvider>
    </StrictMode>,
  )
}
