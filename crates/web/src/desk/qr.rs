//! A QR code as inline SVG: dark on light whatever the theme is, since cameras expect it.

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code. ISO/IEC 18004 asks for four.
const QUIET: i32 = 4;

/// The code of a text, labelled for those who cannot see it; empty when the text is too long for one.
pub(super) fn svg(text: &str, label: &str) -> String {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return String::new() };
    let size = code.size();
    let dark = (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y));
    let path: String = dark.map(|(x, y)| format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET)).collect();
    let side = size + 2 * QUIET;
    format!(
        "<svg class=\"qr\" xmlns=\"http://www.w3.org/2000/svg\" width=\"180\" height=\"180\" viewBox=\"0 0 {side} {side}\" role=\"img\" \
         aria-label=\"{}\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" \
         d=\"{path}\"/></svg>",
        escaped(label)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modules_are_those_of_the_code_within_its_quiet_zone() {
        let text = svg("https://box.example.com/mail/apple/ann@example.com.mobileconfig", "a \"code\" & more");
        let code =
            QrCode::encode_text("https://box.example.com/mail/apple/ann@example.com.mobileconfig", QrCodeEcc::Medium)
                .unwrap();
        let count = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let count = count.filter(|(x, y)| code.get_module(*x, *y)).count();
        assert_eq!(text.matches("h1v1h-1z").count(), count);
        // A finder pattern begins in the corner.
        assert!(text.contains("d=\"M4 4h1v1h-1z"), "{text}");
        assert!(text.contains("aria-label=\"a &quot;code&quot; &amp; more\""), "{text}");
        assert!(text.len() < 30_000, "{}", text.len());
    }

    #[test]
    fn a_text_that_no_code_holds_gives_none() {
        assert_eq!(svg(&"x".repeat(5000), ""), "");
    }
}
