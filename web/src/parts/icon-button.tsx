import type { ButtonHTMLAttributes, ReactNode } from 'react'
import { Icon, type IconName } from '../icons.tsx'

/** A button that is an icon; its label is read out, and shown on hover. */
export function IconButton({
  icon,
  label,
  className = '',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { readonly icon: IconName; readonly label: string }): ReactNode {
  return (
    <button type="button" aria-label={label} title={label} className={`icon-button ${className}`} {...rest}>
      <Icon name={icon} />
    </button>
  )
}
