//! CRC-32, as zlib and Ethernet have it (ISO 3309).

/// What a byte does to a checksum.
const TABLE: [u32; 256] = {
    let (mut table, mut byte) = ([0; 256], 0);
    while byte < 256 {
        let (mut sum, mut bit) = (byte, 0);
        while bit < 8 {
            sum = match sum & 1 {
                1 => (sum >> 1) ^ 0xedb8_8320,
                _ => sum >> 1,
            };
            bit += 1;
        }
        table[byte as usize] = sum;
        byte += 1;
    }
    table
};

/// The checksum of some bytes, which more can be added to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checksum(u32);

impl Checksum {
    /// Goes on behind the bytes that have the checksum `sum`; that of none is 0.
    pub(super) fn behind(sum: u32) -> Self {
        Checksum(!sum)
    }

    #[inline(always)]
    pub(super) fn add(&mut self, byte: u8) {
        let index = usize::from(self.0.to_le_bytes()[0] ^ byte);
        self.0 = (self.0 >> 8) ^ TABLE[index];
    }

    pub(super) fn sum(self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(behind: u32, bytes: &[u8]) -> u32 {
        let mut checksum = Checksum::behind(behind);
        bytes.iter().for_each(|byte| checksum.add(*byte));
        checksum.sum()
    }

    #[test]
    fn it_is_the_one_that_is_published() {
        // The first is from the catalogue of parametrised CRC algorithms (CRC-32/ISO-HDLC).
        assert_eq!(sum(0, b"123456789"), 0xcbf4_3926);
        assert_eq!(
            sum(0, b"The quick brown fox jumps over the lazy dog"),
            0x414f_a339
        );
        assert_eq!(sum(sum(0, b"1234"), b"56789"), 0xcbf4_3926);
        assert_eq!(sum(0, b""), 0);
    }
}
