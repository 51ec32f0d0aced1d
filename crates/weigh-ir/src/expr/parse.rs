//! Reading formulas: our own text, and the expressions exporters write as names of extents
//! (`past_len + 1`, `2*s0`, `((s0 - 1)//2) + 1`).

use std::str::FromStr;

use super::Expr;

/// Longer text than this is not a formula anybody wrote.
const MAX_LENGTH: usize = 16 * 1024;
/// Deeper parentheses than this are refused.
const MAX_DEPTH: u32 = 48;

/// The text is not a formula.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a formula, from character {at} on")]
pub struct ParseExprError {
    /// Byte position of the first thing that does not fit.
    pub at: usize,
}

impl FromStr for Expr {
    type Err = ParseExprError;

    fn from_str(text: &str) -> Result<Expr, ParseExprError> {
        let mut parser = Parser { text: text.as_bytes(), at: 0, depth: 0 };
        if text.len() > MAX_LENGTH {
            return Err(ParseExprError { at: MAX_LENGTH });
        }
        let expr = parser.sum()?;
        parser.skip_spaces();
        match parser.at == parser.text.len() && expr.invalid().is_none() {
            true => Ok(expr),
            false => Err(parser.error()),
        }
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn error(&self) -> ParseExprError {
        ParseExprError { at: self.at }
    }

    fn skip_spaces(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// Takes `token` if it comes next.
    fn take(&mut self, token: &str) -> bool {
        self.skip_spaces();
        let found = self.text[self.at..].starts_with(token.as_bytes());
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), ParseExprError> {
        if self.take(token) { Ok(()) } else { Err(self.error()) }
    }

    fn sum(&mut self) -> Result<Expr, ParseExprError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error());
        }
        let mut total = self.product()?;
        loop {
            if self.take("+") {
                total = total + self.product()?;
            } else if self.take("-") {
                total = total - self.product()?;
            } else {
                self.depth -= 1;
                return Ok(total);
            }
        }
    }

    fn product(&mut self) -> Result<Expr, ParseExprError> {
        let mut total = self.power()?;
        loop {
            if self.take("//") {
                total = total.floor_div(&self.power()?);
            } else if self.take("%") {
                total = total.modulo(&self.power()?);
            } else if self.take("*") {
                total = total * self.power()?;
            } else {
                return Ok(total);
            }
        }
    }

    fn power(&mut self) -> Result<Expr, ParseExprError> {
        if self.take("-") {
            return Ok(Expr::ZERO - self.power()?);
        }
        let base = self.primary()?;
        if !self.take("**") {
            return Ok(base);
        }
        let exponent = self.number()?;
        if !(0..=64).contains(&exponent) {
            return Err(self.error());
        }
        Ok((0..exponent).fold(Expr::ONE, |product, _| product * &base))
    }

    fn primary(&mut self) -> Result<Expr, ParseExprError> {
        self.skip_spaces();
        match self.text.get(self.at) {
            Some(b'(') => {
                self.at += 1;
                let inner = self.sum()?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(digit) if digit.is_ascii_digit() => self.number().map(Expr::Int),
            Some(letter) if letter.is_ascii_alphabetic() || *letter == b'_' => self.name_or_call(),
            _ => Err(self.error()),
        }
    }

    fn number(&mut self) -> Result<i64, ParseExprError> {
        self.skip_spaces();
        let mut value: i64 = 0;
        let start = self.at;
        while let Some(digit) = self.text.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(i64::from(digit - b'0')))
                .ok_or_else(|| self.error())?;
            self.at += 1;
        }
        if self.at == start { Err(self.error()) } else { Ok(value) }
    }

    fn name_or_call(&mut self) -> Result<Expr, ParseExprError> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            self.at += 1;
        }
        let name = std::str::from_utf8(&self.text[start..self.at]).map_err(|_| self.error())?.to_owned();
        if !self.take("(") {
            return Ok(Expr::symbol(&name));
        }
        let mut value = self.sum()?;
        while self.take(",") {
            let next = self.sum()?;
            value = match name.to_ascii_lowercase().as_str() {
                "min" => value.smaller(&next),
                "max" => value.larger(&next),
                _ => return Err(self.error()),
            };
        }
        self.expect(")")?;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exporters_write() {
        let s0 = Expr::symbol("s0");
        assert_eq!("2*s0 + 1".parse(), Ok(&s0 * 2 + 1));
        assert_eq!("((s0 - 1)//2) + 1".parse(), Ok((&s0 - 1).floor_div(&Expr::Int(2)) + 1));
        assert_eq!("Max(1, s0)".parse(), Ok(s0.clone()));
        assert!("batch size".parse::<Expr>().is_err());
        assert!("(".repeat(10_000).parse::<Expr>().is_err());
    }
}
