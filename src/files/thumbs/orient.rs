//! Pictures that are stored turned: where a part of what is seen lies in what is stored.
//!
//! Cameras store what the sensor saw and note how to turn it. Turning a picture of 50 megapixels needs as much memory
//! again, so a preview is cut from the stored picture and turned when it is small.

use image::metadata::Orientation;

use super::size::{Area, Plan};

/// Whether width and height are exchanged.
fn is_sideways(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// The sides as they are seen, from those that are stored.
pub fn seen(orientation: Orientation, width: u32, height: u32) -> (u32, u32) {
    if is_sideways(orientation) { (height, width) } else { (width, height) }
}

/// The plan for the stored picture (with these sides) that gives, once turned, what `plan` gives of the seen one.
pub fn stored(plan: Plan, orientation: Orientation, width: u32, height: u32) -> Plan {
    let (stored_width, stored_height) = (f64::from(width), f64::from(height));
    let Area { left, top, width, height } = plan.area;
    // Distances from the sides that become the left and the upper one when they are counted from the other end.
    let from_right = |left: f64, width: f64| (stored_width - left - width).max(0.0);
    let from_bottom = |top: f64, height: f64| (stored_height - top - height).max(0.0);
    let (left, top) = match orientation {
        Orientation::NoTransforms => (left, top),
        Orientation::FlipHorizontal => (from_right(left, width), top),
        Orientation::Rotate180 => (from_right(left, width), from_bottom(top, height)),
        Orientation::FlipVertical => (left, from_bottom(top, height)),
        Orientation::Rotate90 => (top, from_bottom(left, width)),
        Orientation::Rotate270 => (from_right(top, height), left),
        Orientation::Rotate90FlipH => (top, left),
        Orientation::Rotate270FlipH => (from_right(top, height), from_bottom(left, width)),
    };
    if is_sideways(orientation) {
        let area = Area { left, top, width: height, height: width };
        Plan { area, width: plan.height, height: plan.width }
    } else {
        Plan { area: Area { left, top, width, height }, ..plan }
    }
}
