//! A shelf that holds a bounded weight of boxes.
use std::fmt;

const LIMIT_KG: f64 = 40.5;

#[derive(Debug, Clone, PartialEq)]
struct Parcel<'a> {
    label: &'a str,
    weight_kg: f64,
}

#[derive(Default)]
struct Shelf<'a> {
    parcels: Vec<Parcel<'a>>,
}

impl<'a> Shelf<'a> {
    fn load(&self) -> f64 {
        self.parcels.iter().map(|p| p.weight_kg).sum()
    }

    fn put(&mut self, parcel: Parcel<'a>) -> Result<(), String> {
        if self.load() + parcel.weight_kg > LIMIT_KG {
            return Err(format!("{} does not fit", parcel.label));
        }
        self.parcels.push(parcel);
        Ok(())
    }
}

impl fmt::Display for Shelf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parcels.len() {
            0 => write!(f, "empty"),
            n @ 1..=9 => write!(f, "{n} parcels"),
            _ => write!(f, "many"),
        }
    }
}

fn main() -> Result<(), String> {
    let mut shelf = Shelf::default();
    for (number, label) in ["lamp", "książki", "rope\t2"].into_iter().enumerate() {
        shelf.put(Parcel { label, weight_kg: 1.5 * number as f64 })?;
    }
    println!("{shelf} {:.2}", shelf.load());
    Ok(())
}
