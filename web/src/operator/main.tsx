import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { PreferencesProvider } from '../preferences.tsx'
import { OperatorGate } from './operator-gate.tsx'
import '../style.css'
import './operator.css'

const root = document.getElementById('root')
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <PreferencesProvider>
        <OperatorGate />
      </PreferencesProvider>
    </StrictMode>,
  )
}
